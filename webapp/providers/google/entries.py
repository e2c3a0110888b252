"""Write what an entry shall be in the words of Google Calendar, and read what its events are."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from webapp.providers.base import BusySpan, EntryOrder, MadeEntry
from webapp.providers.http import Answer
from webapp.providers.instants import iso_instant

KEY, MARK = "confab", "confabEntry"
OURS = "appointment"
"""Google finds entries by a property's exact value only: one is the entry's key, the other the same for all of ours."""

LONGEST_SUMMARY, LONGEST_TEXT = 1024, 8192
SHOWN = "id,status,created,start,end,extendedProperties/private"
"""The fields of an entry that we read; nothing of what a private event is about."""

SHOWN_BUSY = "iCalUID,status,transparency,start,end,attendees(self,responseStatus),extendedProperties/private"


def creation(order: EntryOrder) -> dict[str, Any]:
    """The body that makes the entry. It names no guests, so that nobody is mailed."""
    return {
        "id": order.key,
        **_said(order),
        **_times(order),
        "visibility": "private",
        "transparency": "opaque",
        "extendedProperties": {"private": {KEY: order.key, MARK: OURS}},
    }


def change(order: EntryOrder, *, keeps_time: bool) -> dict[str, Any]:
    """The body that brings it up to date: only our own fields, so that the teacher's colour or reminder stays.

    An entry that the teacher has made a whole day would keep its date beside the time, and be refused."""
    times = {} if keeps_time else {name: {**at, "date": None} for name, at in _times(order).items()}
    return {**_said(order), **times}


def made_entry(answer: Answer, event: Mapping[str, Any]) -> MadeEntry:
    """Raises ProviderError where it makes no sense."""
    starts_at, ends_at = _read(event.get("start"), UTC), _read(event.get("end"), UTC)
    if not isinstance(event.get("id"), str) or starts_at is None or ends_at is None:
        raise answer.unreadable()
    return MadeEntry(event["id"], starts_at, ends_at, key_in(event))


def is_deleted(event: Mapping[str, Any]) -> bool:
    return event.get("status") == "cancelled"


def key_in(event: Mapping[str, Any]) -> str:
    """Ours as it stands there, or empty."""
    properties = event.get("extendedProperties")
    private = properties.get("private") if isinstance(properties, dict) else None
    return str(private.get(KEY) or "") if isinstance(private, dict) else ""


def busy_span(answer: Answer, event: Mapping[str, Any], calendar: str, zone: object) -> BusySpan | None:
    """None for an entry of ours, and for what was declined or does not take time. `zone` is the calendar's: the days
    of an all-day event are its own."""
    if key_in(event) or is_deleted(event) or event.get("transparency") == "transparent" or _is_declined(event):
        return None
    starts_at, ends_at = _read(event.get("start"), _zone(zone)), _read(event.get("end"), _zone(zone))
    if starts_at is None or ends_at is None:
        raise answer.unreadable()
    return BusySpan(starts_at, ends_at, calendar)


def stamp(instant: datetime) -> str:
    """As Google's parameters want it: with its offset."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(order: EntryOrder) -> dict[str, Any]:
    return {
        "summary": " ".join(order.summary.split())[:LONGEST_SUMMARY],
        "description": order.description[:LONGEST_TEXT],
        "location": " ".join(order.location.split())[:LONGEST_SUMMARY],
    }


def _times(order: EntryOrder) -> dict[str, dict[str, str]]:
    return {"start": _instant(order.starts_at, order.zone), "end": _instant(order.ends_at, order.zone)}


def _instant(instant: datetime, zone: str) -> dict[str, str]:
    """UTC, so that no reading of the zone can move it; the zone is what the calendar shows it in."""
    return {"dateTime": stamp(instant), "timeZone": zone}


def _is_declined(event: Mapping[str, Any]) -> bool:
    guests = event.get("attendees")
    own = [one for one in guests if isinstance(one, dict) and one.get("self")] if isinstance(guests, list) else []
    return any(one.get("responseStatus") == "declined" for one in own)


def _read(said: object, zone: Any) -> datetime | None:
    """An instant, or the first moment of a day in the zone."""
    if not isinstance(said, dict):
        return None
    if said.get("dateTime"):
        return iso_instant(said["dateTime"])
    try:
        day = date.fromisoformat(str(said.get("date")))
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: object) -> Any:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
