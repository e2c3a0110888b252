"""Answer when calendars are taken: spans that touch become one, and a calendar that cannot be seen is named."""

from datetime import datetime
from typing import Any

from ..answers import Answer
from .answers import GoogleError, invalid
from .calls import Call
from .event_bodies import spans_of
from .moments import offset_text, parsed, zone_named
from .records import Calendar, Event

MOST_CALENDARS = 50


def query_busy(call: Call) -> Answer:
    after, before = _instant(call, "timeMin"), _instant(call, "timeMax")
    if after >= before:
        raise invalid("timeMax", "The specified time range is empty.", "timeRangeEmpty")
    zone = zone_named(str(call.content.get("timeZone") or "UTC"))
    asked = [str(one.get("id", "")) for one in call.content.get("items", [])]
    if len(asked) > MOST_CALENDARS:
        raise GoogleError(400, "tooManyCalendarsRequested", "Too many calendars requested.")
    return Answer(
        body={
            "kind": "calendar#freeBusy",
            "timeMin": offset_text(after, zone),
            "timeMax": offset_text(before, zone),
            "calendars": {one: _told(call, one, after, before, zone) for one in asked},
        }
    )


def _instant(call: Call, name: str) -> datetime:
    at = parsed(name, str(call.content.get(name, "")))
    if at is None:
        raise invalid(name, f"Missing {name} parameter.", "required")
    return at


def _told(call: Call, calendar_id: str, after: datetime, before: datetime, zone: str) -> dict[str, Any]:
    wanted = call.account.email if calendar_id == "primary" else calendar_id
    calendar = call.state.calendars.get(wanted)
    if calendar is None or not calendar.role_of(call.account.id):
        return {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    spans = _joined(sorted(_taken(call, calendar, after, before)))
    return {"busy": [{"start": offset_text(start, zone), "end": offset_text(end, zone)} for start, end in spans]}


def _taken(call: Call, calendar: Calendar, after: datetime, before: datetime) -> list[tuple[datetime, datetime]]:
    return [
        (max(span.starts_at, after), min(span.ends_at, before))
        for event in call.state.events_on(calendar.id)
        if _blocks(event)
        for span in spans_of(event, calendar, before)
        if span.touches(after, before) and span.starts_at < span.ends_at
    ]


def _blocks(event: Event) -> bool:
    """Also what is tentative, or not answered yet."""
    own = [one for one in event.said.get("attendees", []) if one.get("self")]
    is_declined = any(one.get("responseStatus") == "declined" for one in own)
    return not event.is_deleted and event.said.get("transparency") != "transparent" and not is_declined


def _joined(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined
