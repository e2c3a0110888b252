"""Hold an app to four calls at once and so many in ten minutes for each mailbox, as Graph's Outlook service does."""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .answers import GraphError

if TYPE_CHECKING:
    from .faults import Switches


class Throttle:
    """`seen_at_once` and `refused` are counts for tests, by mailbox."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        with self._lock:
            self._running: Counter[str] = Counter()
            self._begun: dict[str, deque[float]] = defaultdict(deque)
            self.seen_at_once: Counter[str] = Counter()
            self.refused: Counter[str] = Counter()

    @contextmanager
    def place(self, mailbox: str, switches: "Switches") -> Iterator[None]:
        """One call's place among the others. Raises GraphError 429 where there is none."""
        with self._lock:
            self._admit(mailbox, switches)
        try:
            yield
        finally:
            with self._lock:
                self._running[mailbox] -= 1

    def _admit(self, mailbox: str, switches: "Switches") -> None:
        now, begun = time.monotonic(), self._begun[mailbox]
        while begun and begun[0] <= now - switches.window:
            begun.popleft()
        if self._running[mailbox] >= switches.most_at_once:
            self.refused[mailbox] += 1
            raise over_concurrency(switches.retry_after)
        if len(begun) >= switches.window_limit:
            self.refused[mailbox] += 1
            raise over_rate(begun[0] + switches.window - now)
        begun.append(now)
        self._running[mailbox] += 1
        self.seen_at_once[mailbox] = max(self.seen_at_once[mailbox], self._running[mailbox])


def over_concurrency(wait: float) -> GraphError:
    message = "Application is over its MailboxConcurrency limit."
    return GraphError(429, "ApplicationThrottled", message, headers=_headers(wait))


def over_rate(wait: float) -> GraphError:
    message = "Too many requests. Please retry after the time that the header says."
    return GraphError(429, "TooManyRequests", message, headers=_headers(wait))


def _headers(wait: float) -> dict[str, str]:
    return {"Retry-After": f"{max(wait, 0):g}"}
