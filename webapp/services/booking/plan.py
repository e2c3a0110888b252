"""Propose times that fit together for all the teachers whom a family chose, the best that can be found.

Better is what meets more of them; then what takes fewer days; then less time at school; then what is earlier.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from webapp.services.booking.plan_search import Board, Hulls, Visit, length, search, widened
from webapp.services.booking.timetable import Time


@dataclass(frozen=True)
class AtMost:
    """Only so many of the wishes can be met; with a day, only so many on it."""

    number: int
    wishes: Collection[int]
    day: date | None = None

    def concerns(self, wish: int, time: Time) -> bool:
        return wish in self.wishes and self.day in (None, time.day)


def propose(
    times: Mapping[int, Sequence[Time]],
    *,
    around: Sequence[Time] = (),
    limits: Sequence[AtMost] = (),
    most: int | None = None,
    near: datetime | None = None,
) -> dict[int, Time]:
    """A time for as many of the wishes (by number) as can be met, `most` at most.

    `around` are times that the family has, or has chosen: they are in the way of others, and belong to its days. With
    up to four wishes of twelve times there is no better plan; with more, none that is found by giving each wish in
    turn its first time that fits. Of a single wish `near` is when the time began that the family chose: of what is as
    good but for the hour, the nearest is taken.
    """
    fitting = [(wish, time) for wish, offered in times.items() for time in offered if time.clash is None]
    for other in around:
        fitting = [(wish, time) for wish, time in fitting if time.fits(other)]
    if len(times) == 1:
        return _one(fitting, around, limits, most, near)
    fitting.sort(key=lambda entry: entry[1].starts_at)
    visits = [_visit(time, wish) for wish, time in fitting]
    board = Board(
        visits=visits,
        wishes=list(times),
        rivals=_rivals(visits, [time for _, time in fitting]),
        around=[_visit(time) for time in around],
        caps=[(limit.number, _concerned(limit, fitting)) for limit in limits],
        most=len(times) if most is None else most,
    )
    return dict(fitting[n] for n in search(board))


def _one(
    fitting: Sequence[tuple[int, Time]],
    around: Sequence[Time],
    limits: Sequence[AtMost],
    most: int | None,
    near: datetime | None,
) -> dict[int, Time]:
    hulls: Hulls = {}
    for time in around:
        hulls = widened(hulls, _visit(time))
    full = [limit for limit in limits if limit.number < 1]

    def worth(entry: tuple[int, Time]) -> tuple[int, int, timedelta, datetime]:
        """The smaller, the better."""
        starts_at, wide = entry[1].starts_at, widened(hulls, _visit(entry[1]))
        return len(wide), length(wide), abs(starts_at - (near or starts_at)), starts_at

    allowed = [entry for entry in fitting if not any(limit.concerns(*entry) for limit in full)]
    return dict([min(allowed, key=worth)]) if allowed and most != 0 else {}


def _visit(time: Time, wish: int = 0) -> Visit:
    return Visit(wish, time.day.toordinal(), _minute(time.starts_at), _minute(time.ends_at))


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _rivals(visits: Sequence[Visit], times: Sequence[Time]) -> list[int]:
    """For each the others, as bits, that nobody can have beside it. Of times in order only the next few are."""
    found, starts = [0] * len(visits), [visit.start for visit in visits]
    for n, (visit, time) in enumerate(zip(visits, times, strict=True)):
        met = bisect_left(starts, visit.stop + time.gap, n + 1)
        walked = bisect_left(starts, visit.stop + time.walk, met) if time.room else met
        hurried = [m for m in range(met, walked) if times[m].room not in ("", time.room)]
        for m in (*range(n + 1, met), *hurried):
            found[n] |= 1 << m
            found[m] |= 1 << n
    return found


def _concerned(limit: AtMost, fitting: Sequence[tuple[int, Time]]) -> int:
    return sum(1 << n for n, entry in enumerate(fitting) if limit.concerns(*entry))
