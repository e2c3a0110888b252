"""Let calls begin as far apart as the account's rate wants them, however late a busy machine wakes those that wait."""

import threading
import time
from collections import defaultdict
from collections.abc import Hashable

MOST_LATE = 0.01
"""Seconds by which one that was woken late may be caught up with: never in a crowd that the provider would refuse."""


class Turnstile:
    """One process; the rows of the budget see to it that all processes together keep the rate."""

    def __init__(self) -> None:
        self._turns: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)
        self._last: dict[Hashable, float] = {}

    def wait(self, key: Hashable, *, at: float, spacing: float) -> None:
        """Until the monotonic time `at`, and until `spacing` seconds after the one before with this key was due."""
        _sleep_until(at)
        with self._turns[key]:
            due = self._last.get(key, 0.0) + spacing
            _sleep_until(due)
            self._last[key] = max(due, time.monotonic() - MOST_LATE)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
