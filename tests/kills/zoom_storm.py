"""Kill workers at named points while a school is busy and Zoom lags, stalls and loses answers; then let all end."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from installation import Installation
from kills.zoom_school import ZoomSchool, school_at_zoom
from kills.zoom_workers import Workers
from stages import ZoomStage

POINTS = {
    "F09": "job.claimed",
    "F10": "job.attempt_stamped",
    "F11": "call.request_sent",
    "F12": "call.response_read",
    "F13": "zoom.in_commit",
    "F14": "zoom.committed",
    "F15": "zoom.delete_done",
    "F16": "zoom.update_done",
}
LAG, STALL = 5.0, 1.5
QUARANTINE = 10.0
"""Longer than PROMPT, stall and lag together, by what a busy machine may add (RELIABILITY 2.4.5)."""

BUSY = 60
"""So many meetings are under way before the school takes a breath."""

FAULTS = (
    {"operation": "*", "kind": "drop", "share": 0.08},
    {"operation": "*", "kind": "status", "status": 503, "share": 0.05},
    {"operation": "*", "kind": "status", "status": 503, "share": 0.05, "done": True},
    {"operation": "*", "kind": "limit:second", "share": 0.03},
)


@dataclass
class ZoomStorm:
    """`kills` counts by point."""

    school: ZoomSchool
    stage: ZoomStage
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
        self.stage.control("answers", method="DELETE")
        self.stage.control("switches", list_lag=0, latency=0, create_delay=0)
        self.await_quiet(within=within)

    def await_quiet(self, *, within: float = 60) -> None:
        give_up = time.monotonic() + within
        while self.school.under_way():
            assert time.monotonic() < give_up, f"still under way: {self.school.under_way()}"
            assert not self.workers.has_one_died(within=0.25)

    def figures(self) -> str:
        """What happened, in one line."""
        state = self.stage.state()
        calls = Counter(call["operation"] for call in state["calls"])
        lost = sum(call["status"] in {0, 503} for call in state["calls"])
        made, standing = len(state["meetings"]), sum(state["markers"].values())
        return f"{self.kills.total()} kills, {made} meetings made, {standing} stand, {dict(calls)}, {lost} answers lost"

    def _change_weather(self) -> None:
        """While a stall is longer than a caller waits, no call succeeds."""
        stalls = {"latency": 0.0, "create_delay": 0.0}
        if self.luck.random() < 0.4:
            stalls[self.luck.choice(["latency", "create_delay"])] = self.luck.uniform(0, STALL)
        self.stage.control("switches", list_lag=self.luck.uniform(0, LAG), **stalls)
        self.stage.control("answers", method="DELETE")
        for fault in FAULTS:
            self.stage.plan(times=None, **fault)

    def _kill_at(self, point: str) -> None:
        likely = {"zoom.update_done": self.school.move, "zoom.delete_done": self.school.cancel}.get(point)
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
def storm(
    installation: Installation, *, quarantine: float = QUARANTINE, seed: int | None = None
) -> Iterator[ZoomStorm]:
    """A school at the stand-in, and two workers."""
    luck = random.Random(seed)
    with school_at_zoom(installation, luck) as school:
        unhurried = {"CONFAB_QUARANTINE_SECONDS": str(quarantine), "CONFAB_MERGE_SECONDS": "0"}
        environment = school.environment | unhurried | {"CONFAB_ZOOM_HOST_DAY": "0"}
        with Workers(environment, installation.folder) as workers:
            yield ZoomStorm(school, school.stage, workers, luck)
