"""Read and write times as the Calendar API has them: an instant with a zone, or a whole day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .answers import invalid


@dataclass(frozen=True)
class Span:
    """`is_day`: whole days, in the zone."""

    starts_at: datetime
    ends_at: datetime
    zone: str
    is_day: bool

    def touches(self, after: datetime | None, before: datetime | None) -> bool:
        """Ends after the one and starts before the other, neither included."""
        return (after is None or self.ends_at > after) and (before is None or self.starts_at < before)

    def moved_to(self, starts_at: datetime) -> "Span":
        """As long by the clock on the wall for days, by the clock that runs for times."""
        if self.is_day:
            days = (_local(self.ends_at, self.zone) - _local(self.starts_at, self.zone)).days
            return Span(starts_at, _plus_days(starts_at, days, self.zone), self.zone, self.is_day)
        return Span(starts_at, starts_at + (self.ends_at - self.starts_at), self.zone, self.is_day)


def span_of(said: dict[str, Any], zone: str) -> Span:
    """Raises GoogleError 400, as for an insert. `zone` is the calendar's, for whole days."""
    start, end = said.get("start"), said.get("end")
    if not isinstance(start, dict):
        raise invalid("start", "Missing start time.", "required")
    if not isinstance(end, dict):
        raise invalid("end", "Missing end time.", "required")
    if any(one.get("date") and one.get("dateTime") for one in (start, end)):
        raise invalid("start", "Invalid start time.")
    is_day = bool(start.get("date"))
    if is_day != bool(end.get("date")):
        raise invalid("end", "Start and end times must either both be date or both be dateTime.")
    name = zone_named(str(start.get("timeZone") or zone))
    span = Span(_moment(start, zone), _moment(end, zone), zone if is_day else name, is_day)
    if span.ends_at < span.starts_at or (is_day and span.ends_at == span.starts_at):
        raise invalid("timeRange", "The specified time range is empty.", "timeRangeEmpty")
    return span


def shown_moment(at: datetime, span: Span, zone: str) -> dict[str, str]:
    """In the zone of the calendar, or the one that the request asks for."""
    if span.is_day:
        return {"date": _local(at, span.zone).date().isoformat()}
    return {"dateTime": offset_text(at, zone), "timeZone": span.zone}


def offset_text(at: datetime, zone: str) -> str:
    text = at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def parsed(name: str, text: str) -> datetime | None:
    """A parameter or a field, which must have its offset; None where it is empty."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name) from None
    if at.tzinfo is None:
        raise invalid(name)
    return at.astimezone(UTC)


def zone_named(name: str) -> str:
    """Raises GoogleError 400 for one that nobody knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid("timeZone", f"Invalid time zone: {name}") from None
    return name


def wall(at: datetime, zone: str) -> datetime:
    """What a clock there shows, without its zone."""
    return _local(at, zone).replace(tzinfo=None)


def at_wall(shown: datetime, zone: str) -> datetime:
    return shown.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _moment(said: dict[str, Any], zone: str) -> datetime:
    try:
        if said.get("date"):
            return at_wall(datetime.combine(date.fromisoformat(str(said["date"])), time()), zone)
        at = datetime.fromisoformat(str(said.get("dateTime")))
    except ValueError:
        raise invalid("dateTime") from None
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    if not said.get("timeZone"):
        raise invalid("timeZone", "Missing time zone definition for start time.", "required")
    return at_wall(at, zone_named(str(said["timeZone"])))


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


def _plus_days(at: datetime, days: int, zone: str) -> datetime:
    return at_wall(wall(at, zone) + timedelta(days=days), zone)
