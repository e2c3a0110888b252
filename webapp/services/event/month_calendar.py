"""Show a month with the number of slots on each day."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from webapp import i18n


@dataclass(frozen=True)
class CalendarDay:
    """`spoken` is the whole date in words with the number of slots, where there are any."""

    day: date
    number: int
    slots: int
    spoken: str
    is_in_month: bool
    is_current: bool


@dataclass(frozen=True)
class Month:
    """`weekdays` are pairs of name and letter; `before` and `after` are the first days of the neighbouring months."""

    title: str
    weekdays: tuple[tuple[str, str], ...]
    weeks: tuple[tuple[CalendarDay, ...], ...]
    before: date
    before_title: str
    after: date
    after_title: str


def month_calendar(shown: date, counts: Mapping[date, int], *, current: date) -> Month:
    """The month of `shown` in whole weeks, in the order of the reader's week."""
    first = shown.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    weeks = calendar.Calendar(i18n.first_weekday()).monthdatescalendar(first.year, first.month)
    return Month(
        title=i18n.month(first),
        weekdays=tuple(i18n.weekdays()),
        weeks=tuple(tuple(_day(day, first, counts.get(day, 0), current) for day in week) for week in weeks),
        before=before,
        before_title=i18n.month(before),
        after=after,
        after_title=i18n.month(after),
    )


def _day(day: date, first: date, slots: int, current: date) -> CalendarDay:
    spoken = i18n.long_day(day)
    if slots:
        spoken += ", " + i18n.ngettext("%(n)s slot", "%(n)s slots", slots)
    return CalendarDay(day, day.day, slots, spoken, is_in_month=day.month == first.month, is_current=day == current)
