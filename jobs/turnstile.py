"""Let calls begin as far apart as the account's rate wants them, however late a busy machine wakes those that wait."""

import threading
import time
from collections import defaultdict

_CATCH_UP = 0.96
"""Of the distance: who was late may follow a little closer, and never in a crowd that the provider would refuse."""


class Turnstile:
    """One process; the rows of the budget see to it that all processes together keep the rate."""

    def __init__(self) -> None:
        self._turns: defaultdict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)
        self._last: dict[tuple[int, str], float] = {}

    def wait(self, connection_id: int, label: str, *, at: float, spacing: float) -> None:
        """Until the monotonic time `at`, and until the one before is `spacing` seconds ahead."""
        _sleep_until(at)
        key = (connection_id, label)
        with self._turns[key]:
            _sleep_until(self._last.get(key, 0.0) + spacing * _CATCH_UP)
            self._last[key] = time.monotonic()


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
