"""Kill workers at named points while teachers' calendars change and the providers stall and lose answers; then let all
end."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from installation import Installation
from kills.calendar_school import CalendarSchool, school_with_calendars
from kills.zoom_workers import Workers

POINTS = {"F17": "cal.insert_done", "F18": "cal.update_done", "F19": "cal.delete_done"}
QUARANTINE = 8.0
"""Longer than PROMPT and stall together, by what a busy machine may add."""

BUSY = 40
"""So many entries are under way before the school takes a breath."""

FAULTS = (
    {"operation": "*", "kind": "drop", "share": 0.08},
    {"operation": "*", "kind": "status", "status": 503, "share": 0.05},
    {"operation": "*", "kind": "status", "status": 503, "share": 0.05, "done": True},
)
LIMITS = ("limit:user", "limit:rate")
STALL = 1.2


@dataclass
class CalendarStorm:
    """`kills` counts by point."""

    school: CalendarSchool
    workers: Workers
    luck: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def kill_at(self, points: Sequence[str]) -> None:
        for point in points:
            self._kill_at(point)
            if self.luck.random() < 0.4:
                self.workers.kill_all()
            self.workers.restart()

    def calm_down(self, *, within: float = 120) -> None:
        """The faults end, and the workers run until nothing is due."""
        for stage in self.school.stages:
            stage.control("answers", method="DELETE")
        self.school.google.control("switches", write_delay=0)
        self.school.microsoft.control("switches", answer_delay=0)
        give_up = time.monotonic() + within
        while self.school.under_way():
            assert time.monotonic() < give_up, f"still under way: {self.school.under_way()}"
            assert not self.workers.has_one_died(within=0.25)

    def figures(self) -> str:
        """What happened, in one line."""
        states = [stage.state() for stage in self.school.stages]
        calls = Counter(call["operation"] for state in states for call in state["calls"])
        lost = sum(call["status"] in {0, 503} for state in states for call in state["calls"])
        made, standing = (
            sum(n for state in states for of in state[what].values() for n in of.values())
            for what in ("keys_ever", "keys")
        )
        return f"{self.kills.total()} kills, {made} entries made, {standing} stand, {dict(calls)}, {lost} answers lost"

    def _change_weather(self) -> None:
        """While a stall is longer than a caller waits, no write succeeds."""
        stall = self.luck.uniform(0, STALL) if self.luck.random() < 0.4 else 0.0
        self.school.google.control("switches", write_delay=stall)
        self.school.microsoft.control("switches", answer_delay=stall)
        for stage, limit in zip(self.school.stages, LIMITS, strict=True):
            stage.control("answers", method="DELETE")
            for fault in (*FAULTS, {"operation": "*", "kind": limit, "share": 0.02}):
                stage.plan(times=None, **fault)

    def _kill_at(self, point: str) -> None:
        likely = {"cal.update_done": self.school.move, "cal.delete_done": self.school.cancel}.get(point)
        self.workers.arm(point)
        give_up = time.monotonic() + 60
        while not self.workers.has_one_died(within=0.1):
            assert time.monotonic() < give_up, f"nobody passed {point}"
            if self.luck.random() < 0.15:
                self._change_weather()
            if self.school.under_way() < BUSY:
                self.school.do_something(likely)
        self.kills[point] += 1
        self.school.do_something(self.school.move_back)


@contextmanager
def storm(installation: Installation, *, seed: int | None = None) -> Iterator[CalendarStorm]:
    """A school with the stand-ins, and two workers."""
    luck = random.Random(seed)
    with school_with_calendars(installation, luck) as school:
        environment = school.environment | {"CONFAB_QUARANTINE_SECONDS": str(QUARANTINE)}
        with Workers(environment, installation.folder, job="calendar") as workers:
            yield CalendarStorm(school, workers, luck)
