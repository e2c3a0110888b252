"""Kill workers at named points while a school is busy and Zoom lags, stalls and loses answers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from installation import Installation
from kills.worker_storm import LOSSES, WorkerStorm
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

FAULTS = (*LOSSES, {"operation": "*", "kind": "limit:second", "share": 0.03})


class ZoomStorm(WorkerStorm):
    school: ZoomSchool
    busy = 60

    @property
    def stage(self) -> ZoomStage:
        return self.school.stage

    def change_weather(self) -> None:
        """While a stall is longer than a caller waits, no call succeeds."""
        stalls = {"latency": 0.0, "create_delay": 0.0}
        if self.luck.random() < 0.4:
            stalls[self.luck.choice(["latency", "create_delay"])] = self.luck.uniform(0, STALL)
        self.stage.control("switches", list_lag=self.luck.uniform(0, LAG), **stalls)
        self.stage.control("answers", method="DELETE")
        for fault in FAULTS:
            self.stage.plan(times=None, **fault)

    def clear_up(self) -> None:
        self.stage.control("answers", method="DELETE")
        self.stage.control("switches", list_lag=0, latency=0, create_delay=0)

    def figures(self) -> str:
        state = self.stage.state()
        return self.told(state["calls"], len(state["meetings"]), sum(state["markers"].values()))


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
            yield ZoomStorm(school, workers, luck)
