"""Keep the world of a stand-in under one lock, and in a file if it was given one."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from .answers import Answer
from .planned import PlannedAnswer, answer_by_plan, take_planned
from .records import Record, joined, table_of
from .storage import StateFile
from .switches import Switches

_REMEMBERED_CALLS = 50_000
S = TypeVar("S", bound=Switches)


@dataclass(frozen=True)
class LoggedCall:
    """`status` 0: the connection was dropped. `at` is the stand-in's own time."""

    number: int
    method: str
    path: str
    operation: str
    status: int
    at: float


class World(Generic[S]):
    """Write inside `with world.change():`; the block's end puts the change into the file before it returns.

    Each kind of record is in the table, an attribute of the world, that TABLES names."""

    TABLES: ClassVar[dict[str, type[Record]]]

    def __init__(
        self,
        path: Path | None,
        switches: S,
        switched: Callable[[S, Mapping[str, Any]], S],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.public_url = ""
        self.switches = self._usual = switches
        self._switched = switched
        self.planned: list[PlannedAnswer] = []
        self.calls: deque[LoggedCall] = deque(maxlen=_REMEMBERED_CALLS)
        self._clock = clock
        self._depth = 0
        self._version = 0
        self._call_number = 0
        self._sequence = 0
        self._file = StateFile(path, self._snapshot)

    def now(self) -> float:
        return self._clock() + self.switches.clock_offset

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the stand-in."""
        if seconds > 0:
            self.stopping.wait(seconds)

    @contextmanager
    def change(self) -> Iterator[None]:
        with self.lock:
            self._depth += 1
            try:
                yield
                self._version += 1
            finally:
                self._depth -= 1
            version, is_outermost = self._version, self._depth == 0
        # The file's writer takes the lock itself, so an inner block must not wait for it here.
        if is_outermost:
            self._file.save(version)

    def perform(
        self,
        method: str,
        path: str,
        operation: str,
        work: Callable[[], Answer],
        refusal: Callable[[PlannedAnswer], Answer],
    ) -> Answer:
        """Do the work, unless a planned fault comes first or stands in for its answer; log what was sent."""
        self.pause(self.switches.latency)
        answer = answer_by_plan(self.take_planned(operation), work, refusal)
        self.log_call(method, path, operation, 0 if answer.dropped else answer.status)
        return answer

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def set_switches(self, **values: Any) -> S:
        """Raises ValueError, with a sentence."""
        with self.lock:
            self.switches = self._switched(self.switches, values)
            return self.switches

    def forget_traces(self) -> None:
        """What was logged, planned and switched."""
        with self.lock:
            self.planned.clear()
            self.calls.clear()
            self.switches = self._usual

    def plan(self, planned: PlannedAnswer) -> None:
        with self.lock:
            self.planned.append(planned)

    def take_planned(self, operation: str) -> PlannedAnswer | None:
        with self.lock:
            return take_planned(self.planned, operation)

    def log_call(self, method: str, path: str, operation: str, status: int) -> None:
        with self.lock:
            self._call_number += 1
            self.calls.append(LoggedCall(self._call_number, method, path, operation, status, self.now()))

    def _snapshot(self) -> tuple[int, str]:
        with self.lock:
            return self._version, self._text()

    def _text(self) -> str:
        """All that goes into the file, as one JSON object."""
        parts = [f'"{name}":{json.dumps(fact)}' for name, fact in self._facts().items()]
        parts += [f'"{name}":[{joined(getattr(self, name).values())}]' for name in self.TABLES]
        return "{" + ",\n".join(parts) + "}\n"

    def _facts(self) -> dict[str, Any]:
        """What is kept beside the tables."""
        return {"sequence": self._sequence}

    def _load(self, content: dict[str, Any]) -> None:
        """What `_text` wrote, or nothing."""
        self._sequence = content.get("sequence", 0)
        for name, kind in self.TABLES.items():
            setattr(self, name, table_of(kind, content.get(name, [])))
