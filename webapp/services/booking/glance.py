"""Remember for which times somebody came too late, so that those who follow look before they stand in line for the
writer's place, which one of them could use; and what was seen of their teachers a moment ago."""

import threading
import time
from collections.abc import Callable, Collection, Hashable
from typing import Any, TypeVar

MOST_KEPT = 1000

MOMENT = 0.25
"""Seconds for which those who come too late are shown the same times. A page is older than that before it is read, and
whoever books is checked anew."""

Seen = TypeVar("Seen")
Recall = Callable[[Callable[[], Seen]], Seen]
"""Takes how to look, and looks only where it was not seen within the last moment."""


class Sought:
    """Times (tokens) for which somebody came too late in this process: only for these a look beforehand is worth it."""

    def __init__(self) -> None:
        self._tokens: dict[str, None] = {}
        self._turn = threading.Lock()

    def note(self, slots: Collection[str]) -> None:
        with self._turn:
            self._tokens |= dict.fromkeys(slots)
            _forget_oldest(self._tokens)

    def has_any(self, slots: Collection[str]) -> bool:
        return any(slot in self._tokens for slot in slots)


class Glances:
    """What was seen in this process, for a moment."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: dict[Hashable, tuple[float, Any]] = {}
        self._turn = threading.Lock()

    def at(self, *what: Hashable) -> Recall[Any]:
        def recall(look: Callable[[], Seen]) -> Seen:
            began = self._now()
            until, seen = self._seen.get(what, (began, None))
            if until <= began:
                seen = look()
                self._keep(what, (began + MOMENT, seen))
            known: Seen = seen
            return known

        return recall

    def _keep(self, what: Hashable, seen: tuple[float, Any]) -> None:
        with self._turn:
            self._seen.pop(what, None)
            self._seen[what] = seen
            _forget_oldest(self._seen)


def _forget_oldest(kept: dict[Any, Any]) -> None:
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
