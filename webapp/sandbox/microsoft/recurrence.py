"""Expand a series by the clock on the wall of its own zone, so that a change of the clocks moves no lesson."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KINDS = ("daily", "weekly", "absoluteMonthly")
_MOST = 5000


def checked(recurrence: Mapping[str, Any]) -> dict[str, Any]:
    """As it is stored. Raises ValueError for what this stand-in does not expand."""
    pattern, span = dict(recurrence.get("pattern") or {}), dict(recurrence.get("range") or {})
    if pattern.get("type") not in _KINDS or span.get("type") not in {"noEnd", "endDate", "numbered"}:
        raise ValueError(f"recurrences are {', '.join(_KINDS)} here, and end never, by a date or after a number")
    date.fromisoformat(str(span.get("startDate")))
    return {"pattern": {"interval": 1, **pattern}, "range": span}


def occurrences(recurrence: Mapping[str, Any], start: datetime, before: date) -> Iterator[datetime]:
    """The walls' times of all starts up to a day, the first being `start` or a later one that fits the pattern."""
    span = recurrence["range"]
    last = date.fromisoformat(span["endDate"]) if span["type"] == "endDate" else date.max
    most = int(span.get("numberOfOccurrences") or _MOST) if span["type"] == "numbered" else _MOST
    for number, day in enumerate(_days(recurrence["pattern"], start.date())):
        if number >= most or day > min(last, before):
            return
        yield datetime.combine(day, start.time())


def _days(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    every = max(int(pattern.get("interval") or 1), 1)
    if pattern["type"] == "daily":
        return (first + timedelta(days=number * every) for number in range(_MOST))
    if pattern["type"] == "weekly":
        return _weekly(pattern, first, every)
    return _monthly(int(pattern.get("dayOfMonth") or first.day), first, every)


def _weekly(pattern: Mapping[str, Any], first: date, every: int) -> Iterator[date]:
    wanted = sorted(_DAYS.index(day) for day in pattern.get("daysOfWeek") or (_DAYS[first.weekday()],))
    monday = first - timedelta(days=first.weekday())
    for week in range(0, _MOST * every, every):
        for day in wanted:
            if (found := monday + timedelta(weeks=week, days=day)) >= first:
                yield found


def _monthly(day: int, first: date, every: int) -> Iterator[date]:
    for number in range(0, _MOST, every):
        year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
        try:
            found = date(year, month + 1, day)
        except ValueError:
            continue  # Outlook would take the last of the month
        if found >= first:
            yield found
