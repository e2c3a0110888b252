"""Expand a series of events by the clock on the wall: daily or weekly, with gaps, days, an end and exceptions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from .answers import GoogleError
from .moments import Span, at_wall, wall

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY"}
_MOST = 5000
_FORMATS = {8: "%Y%m%d", 15: "%Y%m%dT%H%M%S", 16: "%Y%m%dT%H%M%SZ"}


def occurrences(span: Span, lines: list[str], before: datetime) -> list[Span]:
    """Those that start before the instant, exceptions left out. Raises GoogleError 400 for a rule that it lacks."""
    rule = _rule(lines)
    gone = {day for line in lines if line.startswith("EXDATE") for day in _exceptions(line, span.zone)}
    found: list[Span] = []
    for at in islice(_starts(span, rule), _MOST):
        if at >= before:
            break
        if at not in gone:
            found.append(span.moved_to(at))
    return found


def _rule(lines: list[str]) -> dict[str, str]:
    rules = [line.removeprefix("RRULE:") for line in lines if line.startswith("RRULE:")]
    parts = dict(part.partition("=")[::2] for part in rules[0].split(";")) if len(rules) == 1 else {}
    days = set(parts["BYDAY"].split(",")) if "BYDAY" in parts else set()
    is_known = parts.get("FREQ") in {"DAILY", "WEEKLY"} and set(parts) <= _PARTS and days <= set(_DAYS)
    is_counted = all(parts.get(name, "1").isdecimal() for name in ("COUNT", "INTERVAL"))
    if not is_known or not is_counted or (days and parts["FREQ"] == "DAILY"):
        raise GoogleError(400, "invalid", "Invalid recurrence rule.")
    return parts


def _starts(span: Span, rule: dict[str, str]) -> Iterator[datetime]:
    first, until = wall(span.starts_at, span.zone), _until(rule, span)
    left = int(rule.get("COUNT", _MOST))
    for shown in _walls(first, rule):
        at = at_wall(shown, span.zone)
        if left == 0 or (until and at > until):
            return
        left -= 1
        yield at


def _walls(first: datetime, rule: dict[str, str]) -> Iterator[datetime]:
    every = int(rule.get("INTERVAL", 1))
    if rule["FREQ"] == "DAILY":
        yield from (first + timedelta(days=n * every) for n in count())
    days = [_DAYS.index(day) for day in rule["BYDAY"].split(",")] if "BYDAY" in rule else [first.weekday()]
    monday = first - timedelta(days=first.weekday())
    for week in count():
        dates = (monday + timedelta(days=7 * every * week + day) for day in sorted(days))
        yield from (one for one in dates if one >= first)


def _until(rule: dict[str, str], span: Span) -> datetime | None:
    return _read(rule["UNTIL"], span.zone) if "UNTIL" in rule else None


def _exceptions(line: str, zone: str) -> list[datetime]:
    return [_read(text, zone) for text in line.partition(":")[2].split(",")]


def _read(text: str, zone: str) -> datetime:
    try:
        shown = datetime.strptime(text, _FORMATS[len(text)])  # noqa: DTZ007 - the zone comes in the next line
    except (KeyError, ValueError):
        raise GoogleError(400, "invalid", "Invalid recurrence rule.") from None
    return shown.replace(tzinfo=UTC) if text.endswith("Z") else at_wall(shown, zone)
