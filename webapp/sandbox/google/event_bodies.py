"""Say an event in the API's words, as it stands, or one occurrence of a series."""

import hashlib
from datetime import datetime
from typing import Any

from .answers import zulu
from .calls import Call
from .moments import Span, offset_text, shown_moment, span_of
from .records import Calendar, Event
from .recurrence import occurrences

_AS_SAID = (
    "summary description location colorId visibility transparency attendees extendedProperties recurrence source"
).split()


def event_body(call: Call, calendar: Calendar, event: Event) -> dict[str, Any]:
    span = span_of(event.said, calendar.timezone)
    return _body(call, calendar, event, span)


def occurrence_body(call: Call, calendar: Calendar, event: Event, span: Span) -> dict[str, Any]:
    """One of a series, as an event of its own."""
    body = _body(call, calendar, event, span)
    body.pop("recurrence", None)
    body["id"] = f"{event.event_id}_{_name(span)}"
    body["recurringEventId"] = event.event_id
    body["originalStartTime"] = body["start"]
    return body


def spans_of(event: Event, calendar: Calendar, before: datetime) -> list[Span]:
    """All that the event takes up, of a series the occurrences that start before the instant."""
    span = span_of(event.said, calendar.timezone)
    lines = event.said.get("recurrence")
    return occurrences(span, lines, before) if lines else [span]


def _body(call: Call, calendar: Calendar, event: Event, span: Span) -> dict[str, Any]:
    zone = call.query.get("timeZone") or calendar.timezone
    shown = {
        "kind": "calendar#event",
        "etag": f'"{hashlib.sha256(event.text.encode()).hexdigest()[:16]}"',
        "id": event.event_id,
        "status": event.status,
        "htmlLink": f"{call.site}/accounts/{call.account.id}",
        "created": zulu(event.created_at),
        "updated": zulu(event.updated_at),
        "creator": _person(call, event.creator),
        "organizer": _person(call, calendar.id),
        "start": shown_moment(span.starts_at, span, zone),
        "end": shown_moment(span.ends_at, span, zone),
        "iCalUID": event.ical_uid,
        "sequence": event.revision,
        "reminders": event.said.get("reminders", {"useDefault": True}),
        "eventType": event.said.get("eventType", "default"),
    }
    said = {name: event.said[name] for name in _AS_SAID if event.said.get(name) not in (None, "", [], {})}
    return {**shown, **_with_fewer_guests(call, said)}


def _with_fewer_guests(call: Call, said: dict[str, Any]) -> dict[str, Any]:
    """More guests than wanted: only the one who asks is told."""
    wanted, guests = call.query.get("maxAttendees", ""), said.get("attendees", [])
    if not wanted.isdecimal() or len(guests) <= int(wanted):
        return said
    return {**said, "attendees": [one for one in guests if one.get("self")], "attendeesOmitted": True}


def _person(call: Call, email: str) -> dict[str, Any]:
    return {"email": email, "self": True} if email == call.account.email else {"email": email}


def _name(span: Span) -> str:
    if span.is_day:
        return offset_text(span.starts_at, span.zone)[:10].replace("-", "")
    return offset_text(span.starts_at, "UTC").replace("-", "").replace(":", "")
