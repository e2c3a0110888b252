"""Let calls begin as far apart as the account's rate wants them, however late a busy machine wakes those that wait, or
sends what they have to say."""

import threading
import time
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from webapp.providers.sending import told_when_sent


class Turnstile:
    """One process; the rows of the budget see to it that all processes together keep the rate."""

    def __init__(self) -> None:
        self._gates: dict[Hashable, _Gate] = {}

    @contextmanager
    def turn(self, key: Hashable, *, at: float, spacing: float, burst: int = 1) -> Iterator[None]:
        """Entered at the monotonic time `at`, or later: whatever is held up, no more than `burst` calls with this key
        are sent within any `burst * spacing` seconds. What was lost is caught up with at twice the rate."""
        _sleep_until(at)
        gate = self._gates.setdefault(key, _Gate())
        one = gate.enter(spacing, burst)
        try:
            with told_when_sent(lambda: gate.note_sent(one)):
                yield
        finally:
            gate.leave(one)


class _Gate:
    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._entered_at = 0.0
        self._count = threading.Lock()
        self._under_way: set[object] = set()
        self._sent: deque[float] = deque()

    def enter(self, spacing: float, burst: int) -> object:
        """What has been let in, for the other two."""
        with self._turn:
            _sleep_until(self._entered_at + spacing / 2)
            while (opens_at := self._opens_at(spacing, burst)) > time.monotonic():
                _sleep_until(opens_at)
            self._entered_at = time.monotonic()
            one = object()
            with self._count:
                self._under_way.add(one)
            return one

    def note_sent(self, one: object) -> None:
        with self._count:
            self._under_way.discard(one)
            self._sent.append(time.monotonic())

    def leave(self, one: object) -> None:
        """It may not have come to a call."""
        with self._count:
            self._under_way.discard(one)

    def _opens_at(self, spacing: float, burst: int) -> float:
        """Whoever is under way may be sent this moment, and at any later one."""
        with self._count:
            while len(self._sent) > burst:
                self._sent.popleft()
            room = burst - len(self._under_way)
            if room <= 0:
                return time.monotonic() + spacing / 2
            return self._sent[-room] + burst * spacing if len(self._sent) >= room else 0.0


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
