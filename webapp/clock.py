"""Say what time it is, in one place that tests can move."""

from datetime import UTC, datetime, timedelta

_ahead = timedelta()


def now() -> datetime:
    """The present instant, in UTC and aware. Only views, jobs and commands ask."""
    return datetime.now(UTC) + _ahead


def move(by: timedelta) -> None:
    """Set the clock ahead (or back) of the machine's; for tests and rehearsals only."""
    global _ahead  # noqa: PLW0603 - the one clock of the process
    _ahead = by
