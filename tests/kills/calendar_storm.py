"""Kill workers at named points while teachers' calendars change and the providers stall and lose answers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from installation import Installation
from kills.calendar_school import CalendarSchool, school_with_calendars
from kills.worker_storm import LOSSES, WorkerStorm
from kills.zoom_workers import Workers

POINTS = {"F17": "cal.insert_done", "F18": "cal.update_done", "F19": "cal.delete_done"}
QUARANTINE = 8.0
"""Longer than PROMPT and stall together, by what a busy machine may add."""

LIMITS = ("limit:user", "limit:rate")
STALL = 1.2


class CalendarStorm(WorkerStorm):
    school: CalendarSchool
    busy = 40

    def change_weather(self) -> None:
        """While a stall is longer than a caller waits, no write succeeds."""
        self._stall(self.luck.uniform(0, STALL) if self.luck.random() < 0.4 else 0.0)
        for stage, limit in zip(self.school.stages, LIMITS, strict=True):
            stage.control("answers", method="DELETE")
            for fault in (*LOSSES, {"operation": "*", "kind": limit, "share": 0.02}):
                stage.plan(times=None, **fault)

    def clear_up(self) -> None:
        self._stall(0)
        for stage in self.school.stages:
            stage.control("answers", method="DELETE")

    def figures(self) -> str:
        states = [stage.state() for stage in self.school.stages]
        made, standing = (
            sum(n for state in states for of in state[what].values() for n in of.values())
            for what in ("keys_ever", "keys")
        )
        return self.told([call for state in states for call in state["calls"]], made, standing)

    def _stall(self, seconds: float) -> None:
        self.school.google.control("switches", write_delay=seconds)
        self.school.microsoft.control("switches", answer_delay=seconds)


@contextmanager
def storm(installation: Installation, *, seed: int | None = None) -> Iterator[CalendarStorm]:
    """A school with the stand-ins, and two workers."""
    luck = random.Random(seed)
    with school_with_calendars(installation, luck) as school:
        environment = school.environment | {"CONFAB_QUARANTINE_SECONDS": str(QUARANTINE)}
        with Workers(environment, installation.folder, job="calendar") as workers:
            yield CalendarStorm(school, workers, luck)
