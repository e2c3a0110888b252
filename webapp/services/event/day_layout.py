"""Lay a day out in columns of equal minutes, so that each row of the grid fills exactly the header's columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd
from zoneinfo import ZoneInfo

from webapp import i18n
from webapp.services.event.grid_slot import GridSlot

Times = tuple[datetime, datetime]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_CLOSEST, _WIDEST = 15, 30


@dataclass(frozen=True)
class Scale:
    """`columns` of `step` minutes each, from `first` on; none on a day without slots."""

    first: datetime
    step: int
    columns: int

    def column(self, instant: datetime) -> int:
        return _minutes(self.first, instant) // self.step


@dataclass(frozen=True)
class Tick:
    label: str
    colspan: int
    is_hour: bool


@dataclass(frozen=True)
class Cell:
    """A slot, or a gap where `slot` is None."""

    colspan: int
    slot: GridSlot | None


def scale_of(times: Iterable[Times], zone: str, every: int | None = None) -> Scale:
    """The step is the largest common divisor of the day's starts, by the wall clock, and lengths; or `every` minutes,
    as the event's Vendor UI Setup says, where no slot is shorter: each has a column of its own then too.
    """
    spans = list(times)
    if not spans:
        return Scale(_EPOCH, 1, 0)
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    at = _wall_minute(first, zone)
    if every and all(_minutes(*span) >= every for span in spans):
        first -= at % every * _MINUTE
        return Scale(first, every, -(-_minutes(first, last) // every))
    step = gcd(at, *(_minutes(first, start) for start, _ in spans), *(_minutes(*span) for span in spans))
    return Scale(first, step, _minutes(first, last) // step)


def ticks_of(scale: Scale, zone: str) -> tuple[Tick, ...]:
    """A tick about every quarter of an hour, at round times; the first may be narrower."""
    every = _tick_minutes(scale.step)
    ticks = []
    at, end = 0, scale.columns * scale.step
    start = _wall_minute(scale.first, zone)
    while at < end:
        following = min(end, ((start + at) // every + 1) * every - start)
        instant = scale.first + at * _MINUTE
        is_hour = _wall_minute(instant, zone) % 60 == 0
        ticks.append(Tick(i18n.hour_mark(instant, zone), (following - at) // scale.step, is_hour))
        at = following
    return tuple(ticks)


def lay_out(scale: Scale, slots: Sequence[GridSlot]) -> tuple[tuple[Cell, ...], tuple[GridSlot, ...]]:
    """The cells of one row, and the slots that found their columns taken by one before them."""
    cells: list[Cell] = []
    left_over: list[GridSlot] = []
    at = 0
    for slot in sorted(slots, key=lambda slot: (slot.starts_at, slot.id)):
        start, end = scale.column(slot.starts_at), scale.column(slot.ends_at)
        if start < at:
            left_over.append(slot)
            continue
        cells += [*_gap(start - at), Cell(end - start, slot)]
        at = end
    return (*cells, *_gap(scale.columns - at)), tuple(left_over)


def _gap(columns: int) -> list[Cell]:
    return [Cell(columns, None)] if columns else []


def _tick_minutes(step: int) -> int:
    multiples = range(-(-_CLOSEST // step) * step, 60, step)
    round_ones = (minutes for minutes in multiples if minutes <= _WIDEST and 60 % minutes == 0)
    return next(round_ones, -(-_CLOSEST // step) * step)


def _minutes(start: datetime, end: datetime) -> int:
    return (end - start) // _MINUTE


def _wall_minute(instant: datetime, zone: str) -> int:
    wall = instant.astimezone(ZoneInfo(zone))
    return wall.hour * 60 + wall.minute
