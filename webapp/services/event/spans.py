"""Turn wall times into spans of a slot, and near a clock change into what the office chose for such times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

from webapp import i18n
from webapp.errors import N_, Invalid
from webapp.models import Event
from webapp.services.event.wall_time import instants_of

ClockChoice = Literal["", "skip", "first", "second"]
"""What becomes of times that the wall clock shows never or twice: refused until somebody chose."""

FARTHEST = timedelta(days=3 * 366)


class ClockChanges(Invalid):
    """Near a clock change somebody has to choose (RELIABILITY 2.7)."""

    field = "clock"


@dataclass(frozen=True)
class Span:
    """When a slot is: UTC instants, and its start as the wall clock shows it."""

    starts_at: datetime
    ends_at: datetime
    wall: datetime

    @property
    def columns(self) -> dict[str, object]:
        wall = self.wall.isoformat("T", "minutes")
        return {"starts_at": self.starts_at, "ends_at": self.ends_at, "wall_start": wall}


@lru_cache(maxsize=4096)
def span_of(wall: datetime, minutes: int, zone: str, clock: ClockChoice) -> Span | None:
    """None for what is left out by choice: a time that does not exist, or whose end the clock takes elsewhere. Of a
    chosen start the length is real time. Raises ClockChanges where nothing was chosen.
    """
    length = timedelta(minutes=minutes)
    starts, ends = instants_of(wall, zone), instants_of(wall + length, zone)
    whole = [start for start in starts if start + length in ends]
    if not clock and (len(ends) != 1 or len(starts) != 1 or not whole):
        raise _refusal(wall, wall + length, starts, ends)
    if len(starts) > 1 and clock != "skip":
        whole = [starts[0] if clock == "first" else starts[-1]]
    elif len(starts) > 1:
        return None
    return Span(whole[0], whole[0] + length, wall) if whole else None


def free_spans(spans: Iterable[Span], taken: Sequence[tuple[datetime, datetime]]) -> list[Span]:
    """Those that meet neither the taken times nor one another, the earlier first; all are in the order of starts."""
    free: list[Span] = []
    latest, at = datetime.min.replace(tzinfo=UTC), 0
    for span in sorted(spans, key=lambda span: (span.starts_at, span.ends_at)):
        while at < len(taken) and taken[at][0] < span.ends_at:
            latest, at = max(latest, taken[at][1]), at + 1
        if latest <= span.starts_at:
            free.append(span)
            latest = span.ends_at
    return free


def refuse_dates(days: Sequence[date], event: Event, *, field: str = "dates", now: datetime) -> None:
    """`days` are in order. Raises Invalid for those that are over or years ahead."""
    today = i18n.local_day(now, event.zone)
    if days[0] < today:
        raise Invalid(N_("%(date)s is over. Choose later dates."), field=field, date=i18n.full_date(days[0]))
    if days[-1] > today + FARTHEST:
        raise Invalid(N_("%(date)s is too far ahead."), field=field, date=i18n.full_date(days[-1]))


def at_minute(day: date, minute: int) -> datetime:
    """What the wall clock shows so many minutes after midnight's reading."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def _refusal(wall: datetime, end: datetime, starts: Sequence[datetime], ends: Sequence[datetime]) -> ClockChanges:
    odd = wall if len(starts) != 1 else end
    if not starts or not ends:
        message = N_("On %(date)s, %(time)s does not exist: the clock change skips it. Choose what becomes of it.")
    elif len(starts) > 1 or len(ends) > 1:
        message = N_("On %(date)s, %(time)s comes twice: the clock is set back. Choose which one is meant.")
    else:
        odd = wall
        message = N_("The clock changes during the slot at %(time)s on %(date)s. Choose what becomes of it.")
    clock_time = i18n.clock_time(odd.replace(tzinfo=UTC), "UTC")
    return ClockChanges(message, date=i18n.full_date(odd.date()), time=clock_time)
