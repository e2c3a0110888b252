"""Measure what a run took: time by request, and processor time of the server, its database and everybody else."""

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


class Log:
    """Seconds by label, and what was not as expected."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.bytes: dict[str, int] = {}
        self.errors: dict[str, int] = defaultdict(int)

    def add(self, label: str, seconds: float, size: int = 0) -> None:
        self.seconds[label].append(seconds)
        self.bytes[label] = max(size, self.bytes.get(label, 0))


@dataclass(frozen=True)
class Cpu:
    """Seconds of processor time so far; `others` is what is left of the machine's."""

    at: float
    server: float
    database: float
    generator: float
    busy: float

    @classmethod
    def now(cls, server: int, database: int | None) -> "Cpu":
        """`server` and `database` are the first processes of their trees."""
        own = os.times()
        machine = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return cls(
            time.perf_counter(),
            tree_seconds(server),
            tree_seconds(database) if database else 0.0,
            own.user + own.system,
            (sum(machine) - machine[3] - machine[4]) / _TICK,
        )

    def since(self, begin: "Cpu") -> "Cpu":
        names = ("at", "server", "database", "generator", "busy")
        return Cpu(*(getattr(self, name) - getattr(begin, name) for name in names))

    @property
    def others(self) -> float:
        """Cores that somebody else used meanwhile; a run in which that is not close to 0 is worth little."""
        return (self.busy - self.server - self.database - self.generator) / self.at


def quantile(seconds: Sequence[float], share: float) -> float:
    """The smallest value, in ms, that at least this share does not exceed."""
    ordered = sorted(seconds)
    place = -(-len(ordered) * share // 1) - 1
    return ordered[max(0, int(place))] * 1000 if ordered else 0.0


def tree_seconds(root: int) -> float:
    seconds, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            tasks = [*Path(f"/proc/{pid}/task").iterdir()]
            waiting += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
        # With the children that have ended and been waited for.
        seconds += sum(int(n) for n in fields[11:15]) / _TICK
    return seconds
