"""Run the demo as a person would, in a process of its own, and read its mailbox."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

HOME = Path(__file__).parents[1]


class Playground:
    """The addresses and sign-ins that the demo printed."""

    def __init__(self, printed: dict[str, Any]) -> None:
        self.url: str = printed["url"]
        self.event_url: str = printed["event_url"]
        self.school: str = printed["school"]
        self.people: dict[str, dict[str, str]] = {name: printed[name] for name in ("admin", "teacher", "parent")}
        self._mailbox, self._zoom = printed["mailbox_url"], printed["sandbox_url"]
        self.google: str = printed["google_url"]

    def admin(self, path: str) -> str:
        return f"{self.url}/s/{self.school}/{path}"

    def next_mail(self, recipient: str, after: int | str | None = None, *, wait: int = 20) -> dict[str, Any]:
        """The first mail to this address after the one with that id; fails when none comes in time."""
        query = {"to": recipient, "wait": wait} | ({"after": after} if after is not None else {})
        answer = requests.get(f"{self._mailbox}/messages.json", params=query, timeout=wait + 10).json()
        mails = answer if isinstance(answer, list) else answer["messages"]
        assert mails, f"no mail to {recipient} within {wait} seconds"
        mail: dict[str, Any] = mails[0]
        return mail

    def code_for(self, recipient: str, after: int | str | None = None) -> tuple[str, Any]:
        mail = self.next_mail(recipient, after)
        found = re.search(r"\b(\d{3} \d{3})\b", mail["text"])
        assert found, mail["text"]
        return found[1], mail["id"]

    def set_delay(self, seconds: float) -> None:
        requests.post(f"{self._zoom}/control/switches", json={"create_delay": seconds}, timeout=10).raise_for_status()

    def meetings(self) -> dict[str, str]:
        """The meetings that exist at the stand-in by its own account: id and start."""
        state = requests.get(f"{self._zoom}/control/state", timeout=10).json()
        return {str(m["id"]): m["start_time"] for m in state["meetings"] if m["stands"]}


@contextmanager
def playground(data_dir: Path) -> Iterator[Playground]:
    command = [sys.executable, "-m", "webapp.cli", "demo", "--json", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield Playground(json.loads(process.stdout.readline()))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
