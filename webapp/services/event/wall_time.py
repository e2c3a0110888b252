"""Turn what a wall clock shows into instants, and say when it shows a time never or twice."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.errors import N_, Invalid


def instants_of(wall: datetime, zone: str) -> tuple[datetime, ...]:
    """The UTC instants at which clocks in the zone show `wall` (naive): none in the hour that the spring change
    skips, two in the hour that the autumn change repeats, else one.
    """
    place = ZoneInfo(zone)
    readings = (wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    return tuple(sorted({r for r in readings if r.astimezone(place).replace(tzinfo=None) == wall}))


def typed_moment(text: str, zone: str, *, field: str) -> datetime | None:
    """`2026-12-03T16:30` as typed in the zone, or None for nothing typed.

    Raises Invalid for a time that the clock change skips; of a time that comes twice, the earlier is meant.
    """
    if not text.strip():
        return None
    wall = _wall(text.strip())
    if wall is None:
        raise Invalid(N_("Enter a date and a time."), field=field)
    instants = instants_of(wall, zone)
    if not instants:
        raise Invalid(N_("This time does not exist on that day: the clock change skips it."), field=field)
    return instants[0]


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """The first instant of the day and that of the next, in UTC."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _wall(text: str) -> datetime | None:
    try:
        wall = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the zone is the event's
    except ValueError:
        return None
    return wall if 1990 <= wall.year <= 2200 else None


def _midnight(day: date, zone: str) -> datetime:
    # Where the clock change skips midnight, fold 0 reads the instant at which the day begins.
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
