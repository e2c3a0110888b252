"""Thirty zones and what their clocks do, asked from UTC to wall clock only, apart from services/event/wall_time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONES = """
    America/New_York America/Los_Angeles America/Phoenix America/St_Johns America/Havana America/Santiago America/Nuuk
    America/Sao_Paulo Atlantic/Azores Europe/London Europe/Dublin Europe/Berlin Europe/Chisinau Africa/Casablanca
    Africa/Cairo Africa/Lagos Asia/Beirut Asia/Jerusalem Asia/Gaza Asia/Kolkata Asia/Kathmandu Asia/Tokyo
    Australia/Adelaide Australia/Lord_Howe Pacific/Auckland Pacific/Chatham Pacific/Norfolk Pacific/Easter
    Pacific/Kiritimati Antarctica/Troll
""".split()
YEARS = timedelta(days=735)
"""Two springs and two autumns."""
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Change:
    """From `low` to before `high` the wall clock shows each time never (`by` above zero) or twice (below)."""

    at: datetime
    by: timedelta
    low: datetime
    high: datetime

    @property
    def days(self) -> list[date]:
        """Before, on and after it."""
        return [self.low.date() + n * _DAY for n in (-1, 0, 1)]


def days_ahead(since: datetime) -> list[date]:
    return [since.date() + n * _DAY for n in range(YEARS // _DAY)]


@cache
def changes_of(zone: str, since: datetime) -> tuple[Change, ...]:
    """All of the following two years, as the zone's data gives them."""
    days = [since.replace(second=0, microsecond=0) + n * _DAY for n in range(YEARS // _DAY)]
    return tuple(_change(day, zone) for day in days if _offset(day, zone) != _offset(day + _DAY, zone))


def instants_shown_as(wall: datetime, zone: str) -> list[datetime]:
    """When the zone's clocks show this time."""
    near = wall.replace(tzinfo=UTC)
    offsets = {_offset(near + n * _DAY, zone) for n in (-2, -1, 0, 1, 2)}
    return sorted(near - offset for offset in offsets if _offset(near - offset, zone) == offset)


def _change(day: datetime, zone: str) -> Change:
    former, later = day, day + _DAY
    while later - former > _MINUTE:
        middle = former + (later - former) // _MINUTE // 2 * _MINUTE
        if _offset(middle, zone) == _offset(former, zone):
            former = middle
        else:
            later = middle
    walls = [later.replace(tzinfo=None) + _offset(one, zone) for one in (former, later)]
    return Change(later, walls[1] - walls[0], min(walls), max(walls))


def _offset(instant: datetime, zone: str) -> timedelta:
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset
