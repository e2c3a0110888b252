"""Answer for events: written, read, changed, deleted and listed as the real API does it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..answers import Answer
from .access import readable, writable
from .answers import GoogleError, forbidden, invalid, not_found, zulu
from .calls import Call
from .event_bodies import event_body, occurrence_body, spans_of
from .event_orders import checked, event_id_in, merged
from .making import make_event
from .moments import Span, offset_text, parsed, zone_named
from .paging import page_of
from .records import Calendar, Event

_ID_LETTERS = "0123456789abcdefghijklmnopqrstuv"
_FARTHEST = timedelta(days=2 * 366)
"""How far a series without an end is expanded where the request names no end."""


def insert_event(call: Call, calendar_id: str) -> Answer:
    """An id that was once used stays taken, also by an event that was deleted."""
    calendar = writable(call, calendar_id)
    event_id = event_id_in(call.content) or "".join(secrets.choice(_ID_LETTERS) for _ in range(26))
    with call.state.change():
        if call.state.event(calendar.id, event_id):
            raise GoogleError(409, "duplicate", "The requested identifier already exists.")
        event = make_event(call.state, calendar, event_id, call.content, creator=call.account.email)
    call.state.pause(call.state.switches.write_delay)
    return Answer(body=event_body(call, calendar, event))


def get_event(call: Call, calendar_id: str, event_id: str) -> Answer:
    """A deleted one too: its status tells."""
    calendar = readable(call, calendar_id)
    return Answer(body=event_body(call, calendar, _known(call, calendar, event_id)))


def patch_event(call: Call, calendar_id: str, event_id: str) -> Answer:
    return _changed(call, calendar_id, event_id, is_whole=False)


def update_event(call: Call, calendar_id: str, event_id: str) -> Answer:
    return _changed(call, calendar_id, event_id, is_whole=True)


def delete_event(call: Call, calendar_id: str, event_id: str) -> Answer:
    calendar = writable(call, calendar_id)
    with call.state.change():
        event = _known(call, calendar, event_id)
        if event.is_deleted:
            raise GoogleError(410, "deleted", "Resource has been deleted")
        call.state.put_event(replace(event, status="cancelled", updated_at=call.now))
    call.state.pause(call.state.switches.write_delay)
    return Answer(204)


def list_events(call: Call, calendar_id: str) -> Answer:
    calendar = readable(call, calendar_id)
    rows = list(_rows(call, calendar))
    page, frame = page_of(call, rows, _by_start if _is_by_start(call) else _by_age, usual=250, largest=2500)
    return Answer(
        body={
            "kind": "calendar#events",
            "etag": '"0"',
            "summary": calendar.summary,
            "description": "",
            "updated": zulu(max((row.event.updated_at for row in rows), default=call.now)),
            "timeZone": call.query.get("timeZone") or calendar.timezone,
            "accessRole": calendar.role_of(call.account.id),
            "defaultReminders": [],
            **frame,
            "items": [row.body(call, calendar) for row in page],
        }
    )


@dataclass(frozen=True)
class _Row:
    """An event in a list, or one occurrence of a series."""

    event: Event
    span: Span
    is_occurrence: bool

    def body(self, call: Call, calendar: Calendar) -> dict[str, Any]:
        if self.is_occurrence:
            return occurrence_body(call, calendar, self.event, self.span)
        return event_body(call, calendar, self.event)


def _changed(call: Call, calendar_id: str, event_id: str, *, is_whole: bool) -> Answer:
    calendar = writable(call, calendar_id)
    with call.state.change():
        event = _known(call, calendar, event_id)
        status = _next_status(call, event)
        said = checked(call.content if is_whole else merged(event.said, call.content), calendar)
        event = call.state.put_event(
            replace(event, said=said, status=status, updated_at=call.now, revision=event.revision + 1)
        )
    call.state.pause(call.state.switches.write_delay)
    return Answer(body=event_body(call, calendar, event))


def _next_status(call: Call, event: Event) -> str:
    """What becomes of a deleted one is seen in more than one way: the switch says which."""
    if not event.is_deleted:
        return str(call.content.get("status", event.status))
    if call.state.switches.deleted_update == "forbidden":
        raise forbidden()
    return "confirmed" if call.state.switches.deleted_update == "revived" else event.status


def _known(call: Call, calendar: Calendar, event_id: str) -> Event:
    event = call.state.event(calendar.id, event_id)
    if event is None:
        raise not_found()
    return event


def _rows(call: Call, calendar: Calendar) -> list[_Row]:
    after, before = parsed("timeMin", call.query.get("timeMin", "")), parsed("timeMax", call.query.get("timeMax", ""))
    if after and before and after >= before:
        raise invalid("timeMax", "The specified time range is empty.", "timeRangeEmpty")
    if call.query.get("timeZone"):
        zone_named(call.query["timeZone"])
    is_single = call.is_on("singleEvents")
    until = before or datetime.fromtimestamp(call.now, UTC) + _FARTHEST
    found = []
    for event in call.state.events_on(calendar.id):
        if _is_wanted(call, event):
            spans = [span for span in spans_of(event, calendar, until) if span.touches(after, before)]
            is_series = bool(event.said.get("recurrence"))
            found += [_Row(event, span, is_series and is_single) for span in (spans if is_single else spans[:1])]
    return found


def _is_wanted(call: Call, event: Event) -> bool:
    if event.is_deleted and not call.is_on("showDeleted"):
        return False
    if call.query.get("iCalUID", event.ical_uid) != event.ical_uid:
        return False
    return all(_has(event.private, wanted) for wanted in call.query.getlist("privateExtendedProperty"))


def _has(properties: Mapping[str, str], wanted: str) -> bool:
    name, is_pair, value = wanted.partition("=")
    if not is_pair:
        raise invalid("privateExtendedProperty", "Invalid value")
    return properties.get(name) == value


def _is_by_start(call: Call) -> bool:
    order = call.query.get("orderBy", "")
    if order not in {"", "startTime", "updated"}:
        raise invalid("orderBy", "Invalid value")
    if order == "startTime" and not call.is_on("singleEvents"):
        raise invalid("orderBy", "The requested ordering is not available for the particular query.")
    return order == "startTime"


def _by_start(row: _Row) -> list[Any]:
    return [offset_text(row.span.starts_at, "UTC"), row.event.sequence]


def _by_age(row: _Row) -> list[Any]:
    return [row.event.sequence, offset_text(row.span.starts_at, "UTC")]
