"""A provider with state whose calls go wrong in every way: refused, lost, stalled, done without an answer."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fakes import FakeMeetings

from webapp.errors import ProviderError
from webapp.providers.base import MadeMeeting, SeenMeeting

LAG = timedelta(seconds=120)
STALL = timedelta(seconds=15)
FAULTS = ("down", "slower", "refused", "lost", "done", "stalled", "crash", "crash after", "passcode")


class Crash(Exception):
    """Our process dies at this point: nothing after it happens."""


class StormyMeetings(FakeMeetings):
    """`faults` strike the next calls, whatever they are; while it `lags`, lists do not show what is new."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.faults: deque[str] = deque()
        self.lags = False
        self._made_at: dict[str, datetime] = {}
        self._late: list[tuple[datetime, Callable[[], object]]] = []

    def calm_down(self) -> None:
        self.faults.clear()
        self.lags = False

    def arrive(self) -> None:
        """What was stalled takes effect now, if its time has come."""
        due = [(at, work) for at, work in self._late if at <= self.clock()]
        self._late = [(at, work) for at, work in self._late if at > self.clock()]
        for at, work in due:
            self._noted(work, at)

    def find(self, host_key: str, marker: str) -> list[MadeMeeting]:
        found = super().find(host_key, marker)
        return [m for m in found if not self.lags or self._made_at[m.remote_id] <= self.clock() - LAG]

    def coming(self, host_key: str) -> list[SeenMeeting]:
        seen = super().coming(host_key)
        return [m for m in seen if not self.lags or self._made_at[m.remote_id] <= self.clock() - LAG]

    def _run(self, method: str, work: Callable[[], Any]) -> Any:
        self.arrive()
        if not self.faults:
            return self._noted(work)
        return self._struck(self.faults.popleft(), method, work)

    def _struck(self, fault: str, method: str, work: Callable[[], Any]) -> Any:
        if fault in {"done", "crash after"}:
            self._noted(work)
        if fault.startswith("crash"):
            raise Crash
        if fault == "stalled" and method != "change":
            self._late.append((self.clock() + STALL, work))
        if fault == "passcode" and method != "make":
            return self._noted(work)
        raise ProviderError(
            fault,
            retry=fault not in {"refused", "passcode"},
            arrived=fault in {"lost", "done", "stalled"},
            after=self.clock() + timedelta(minutes=20) if fault == "slower" else None,
            code=fault,
        )

    def _noted(self, work: Callable[[], Any], at: datetime | None = None) -> Any:
        known = set(self.meetings)
        try:
            return work()
        finally:
            for new in set(self.meetings) - known:
                self._made_at[new] = at or self.clock()
