"""Kill workers at named points while a school is busy and its providers are in bad weather; then let all end."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kills.school import BusySchool
from kills.zoom_workers import Workers

LOSSES: tuple[dict[str, Any], ...] = (
    {"operation": "*", "kind": "drop", "share": 0.08},
    {"operation": "*", "kind": "status", "status": 503, "share": 0.05},
    {"operation": "*", "kind": "status", "status": 503, "share": 0.05, "done": True},
)
"""Calls and answers that are lost, before or after they were carried out."""


@dataclass
class WorkerStorm:
    """`kills` counts by point. `busy` rows are under way before the school takes a breath."""

    school: BusySchool
    workers: Workers
    luck: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    busy: ClassVar[int]

    def change_weather(self) -> None:
        """Other faults than before."""
        raise NotImplementedError

    def clear_up(self) -> None:
        """No faults any more."""
        raise NotImplementedError

    def kill_at(self, points: Sequence[str]) -> None:
        for point in points:
            self._kill_at(point)
            if self.luck.random() < 0.4:
                self.workers.kill_all()
            self.workers.restart()

    def calm_down(self) -> None:
        """The faults end, and the workers run until nothing is due."""
        self.clear_up()
        self.await_quiet(within=120)

    def await_quiet(self, *, within: float = 60) -> None:
        give_up = time.monotonic() + within
        while self.school.under_way():
            assert time.monotonic() < give_up, f"still under way: {self.school.under_way()}"
            assert not self.workers.has_one_died(within=0.25)

    def told(self, calls: Sequence[dict[str, Any]], made: int, standing: int) -> str:
        """What happened, in one line."""
        operations = Counter(call["operation"] for call in calls)
        lost = sum(call["status"] in {0, 503} for call in calls)
        return f"{self.kills.total()} kills, {made} made, {standing} stand, {dict(operations)}, {lost} answers lost"

    def _kill_at(self, point: str) -> None:
        leading_there = {"update_done": self.school.move, "delete_done": self.school.cancel}
        likely = leading_there.get(point.partition(".")[2])
        self.workers.arm(point)
        give_up = time.monotonic() + 60
        while not self.workers.has_one_died(within=0.1):
            assert time.monotonic() < give_up, f"nobody passed {point}"
            if self.luck.random() < 0.15:
                self.change_weather()
            if self.school.under_way() < self.busy:
                self.school.do_something(likely)
        self.kills[point] += 1
        self.school.do_something(self.school.move_back)
