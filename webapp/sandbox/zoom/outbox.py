"""Send webhooks as Zoom does: signed, within moments, in no sure order, and again to whom did not take them."""

import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .faults import Switches

RETRIES = (300.0, 1200.0, 3600.0)
"""Seconds after a try that failed; then never again."""

PATIENCE = 3.0
_OVERTAKEN_BY = 2.0
_LOOKS_EVERY = 0.5  # the stand-in's clock can be set


@dataclass(frozen=True)
class Letter:
    url: str
    secret: str
    content: dict[str, Any]
    due_at: float
    tries: int = 0


class Outbox:
    """Letters wait in memory; the thread that sends them lives until `stopping`. `sent` holds (event, status) of each
    try, with 0 where nobody answered."""

    def __init__(self, now: Callable[[], float], switches: Callable[[], Switches], stopping: threading.Event) -> None:
        self._now, self._switches, self._stopping = now, switches, stopping
        self._letters: list[Letter] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._count = 0
        self.sent: list[tuple[str, int]] = []

    def put(self, url: str, secret: str, content: dict[str, Any]) -> None:
        switches = self._switches()
        with self._changed:
            self._count += 1
            # Out of order: every other letter is overtaken by the one after it.
            lag = _OVERTAKEN_BY if switches.webhook_order == "mixed" and self._count % 2 else 0.0
            letter = Letter(url, secret, content, self._now() + switches.webhook_delay + lag)
            self._letters += [letter] * (2 if switches.webhook_twice else 1)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_for(self, count: int, seconds: float = 10.0) -> bool:
        """Until so many tries were made."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.sent) >= count, seconds)

    def _work(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                due = sorted((one for one in self._letters if one.due_at <= self._now()), key=lambda one: one.due_at)
                if not due:
                    self._changed.wait(_LOOKS_EVERY)
                    continue
                self._letters.remove(due[0])
            self._try(due[0])

    def _try(self, letter: Letter) -> None:
        status = deliver(
            letter.url, letter.secret, letter.content, at=self._now(), is_forged=self._switches().webhook_forged
        )[0]
        with self._changed:
            self.sent.append((letter.content["event"], status))
            if status not in {200, 204} and letter.tries < len(RETRIES):
                later = self._now() + RETRIES[letter.tries]
                self._letters.append(Letter(letter.url, letter.secret, letter.content, later, letter.tries + 1))
            self._changed.notify_all()


def deliver(
    url: str, secret: str, content: dict[str, Any], *, at: float, is_forged: bool = False
) -> tuple[int, dict[str, Any]]:
    """Status and answer; 0 where there was none within Zoom's three seconds."""
    body, timestamp = json.dumps(content).encode(), str(int(at))
    headers = {
        "Content-Type": "application/json",
        "x-zm-request-timestamp": timestamp,
        "x-zm-signature": signature("forged" if is_forged else secret, timestamp, body),
    }
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        answer = connection.getresponse()
        return answer.status, _object(answer.read())
    except (OSError, http.client.HTTPException):
        return 0, {}
    finally:
        connection.close()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    return f"v0={sealed(secret, f'v0:{timestamp}:'.encode() + body)}"


def sealed(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
