"""Say what time it is, in one place that tests can move."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

TOLERATED = timedelta(seconds=0.5)
"""A machine's clock that is off by less is its own: the pauses that must not be too short allow for seconds."""

_ahead = timedelta()
_behind = timedelta()


def now() -> datetime:
    """The present instant, in UTC and aware. Only views, jobs and commands ask."""
    return of_machine() + _behind


def of_machine() -> datetime:
    """As the machine's clock has it, right or wrong."""
    return datetime.now(UTC) + _ahead


def keep_to(ask: Callable[[], datetime]) -> None:
    """Go by another clock from now on: hosts that share a database share its time (RELIABILITY 2.3). An answer that
    took long tells nothing."""
    global _behind  # noqa: PLW0603 - the one clock of the process
    asked, theirs, answered = datetime.now(UTC), ask(), datetime.now(UTC)
    if answered - asked > TOLERATED:
        return
    off = theirs - asked - (answered - asked) / 2
    behind = off if abs(off) > TOLERATED else timedelta()
    if abs(behind - _behind) > TOLERATED:
        log.warning("this machine's clock is set otherwise than the database's")
        _behind = behind


def move(by: timedelta) -> None:
    """Set the clock ahead (or back) of the machine's; for tests and rehearsals only."""
    global _ahead  # noqa: PLW0603 - the one clock of the process
    _ahead = by
