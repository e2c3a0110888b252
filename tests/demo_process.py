"""Start the demo as people do, as a process of its own, and end it the same way."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

REPOSITORY = Path(__file__).parents[1]


class DemoProcess:
    """Ready once it is made: `facts` is the line of JSON that it printed."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.data_dir = data_dir
        self.log = data_dir.with_suffix(".log")
        command = [sys.executable, "-m", "webapp.cli", "demo", "--json", "--data-dir", str(data_dir), *arguments]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()  # ends with the process at the latest
        assert line, self.log.read_text()
        self.facts: dict[str, Any] = json.loads(line)

    @property
    def ports(self) -> list[int]:
        return [urlsplit(self.facts[name]).port or 0 for name in ("url", "sandbox_url", "mailbox_url")]

    def end(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Gives what else it wrote to stdout. Idempotent."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.communicate(timeout=10)[0]
        finally:
            self.process.kill()

    def is_gone(self) -> bool:
        """No process of its session is left, and nobody listens where it did."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return not any(_listens(port) for port in self.ports)
        return False

    def sign_in(self, who: str) -> requests.Session:
        """A browser that gave the address and password which the demo printed for this person."""
        browser = requests.Session()
        sent = self.post(browser, f"{self.facts['url']}/sign-in", **self.facts[who])
        assert sent.status_code == 303, sent.text
        return browser

    def post(self, browser: requests.Session, page: str, to: str = "", **form: str) -> requests.Response:
        """The page's form, with the CSRF value that stands in it."""
        html = browser.get(page, timeout=10).text
        csrf = html.partition('name="csrf" value="')[2].partition('"')[0]
        return browser.post(to or page, {"csrf": csrf} | form, allow_redirects=False, timeout=10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except ConnectionRefusedError:
        return False
    return True
