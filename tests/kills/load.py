"""Let clients send what they planned, each one request after the other, until all is said or the server is dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kills.log import Entry
from races.families import Attempt
from races.wire import Talk, converse


class Burning(Protocol):
    def burn(self) -> None:
        """With each answer."""


@dataclass
class Fuse:
    """Burns with each answer; at its end the point is armed."""

    file: Path
    point: str
    length: int

    def burn(self) -> None:
        self.length -= 1
        if self.length == 0:
            self.file.write_text(self.point)


def load(port: int, plans: Sequence[Sequence[Attempt]], fuse: Burning | None = None) -> list[Entry]:
    """Each plan is one client's. With a fuse, the server may die; who waits for an answer then gets none."""
    log: list[Entry] = []
    converse(port, [_client(plan, log, fuse) for plan in plans], may_die=fuse is not None)
    return log


def _client(plan: Sequence[Attempt], log: list[Entry], fuse: Burning | None) -> Talk:
    for attempt in plan:
        entry = Entry(attempt)
        log.append(entry)
        entry.answer = yield attempt.request.encode()
        if fuse:
            fuse.burn()
