"""Remember for which times somebody came too late, so that those who follow look before they stand in line for the
writer's place, which one of them could use."""

import threading
from collections.abc import Collection

MOST_KEPT = 1000


class Sought:
    """Times (tokens) for which somebody came too late in this process: only for these a look beforehand is worth it."""

    def __init__(self) -> None:
        self._tokens: dict[str, None] = {}
        self._turn = threading.Lock()

    def note(self, slots: Collection[str]) -> None:
        with self._turn:
            self._tokens |= dict.fromkeys(slots)
            while len(self._tokens) > MOST_KEPT:
                del self._tokens[next(iter(self._tokens))]

    def has_any(self, slots: Collection[str]) -> bool:
        return any(slot in self._tokens for slot in slots)
