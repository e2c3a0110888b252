"""Answer for calendars and events: made once per transactionId, read, listed, viewed by time, changed, deleted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..answers import Answer
from .answers import GraphError, denied, not_found
from .bodies import calendar_body, event_body, passing_id
from .calls import Call
from .making import changed_event, fingerprint, new_event
from .queries import Wanted, page_of, read_query, window_of
from .records import Calendar, Event
from .recurrence import occurrences

_USED = (
    "Your request can't be completed. The TransactionId specified in the request has already been used to create a "
    "different event."
)


def get_me(call: Call) -> Answer:
    me = call.mailbox
    body = {
        "displayName": me.name,
        "givenName": me.name.partition(" ")[0],
        "mail": me.email,
        "surname": me.name.rpartition(" ")[2],
        "userPrincipalName": me.email,
        "id": me.id,
    }
    return Answer(body={"@odata.context": _context("users/$entity"), **_wanted(call).cut(body)})


def list_calendars(call: Call) -> Answer:
    wanted = _wanted(call)
    page, further = page_of(call.state.calendars_of(call.mailbox.id), wanted, call.query, call.address)
    listed = [wanted.cut(calendar_body(one, call.mailbox)) for one in page]
    return Answer(body={"@odata.context": _context("me/calendars"), "value": listed, **further})


def get_calendar(call: Call, calendar_id: str = "") -> Answer:
    body = calendar_body(_calendar(call, calendar_id), call.mailbox)
    return Answer(body={"@odata.context": _context("me/calendars/$entity"), **_wanted(call).cut(body)})


def create_event(call: Call, calendar_id: str = "") -> Answer:
    with call.state.change():
        calendar = _calendar(call, calendar_id)
        if not calendar.can_edit:
            raise denied()
        former = _former(call, call.content)
        event = former or new_event(call.state, calendar, call.content)
        call.state.put(event)
    return Answer(201, _entity(call, event))


def _former(call: Call, wanted: dict[str, Any]) -> Event | None:
    """What a call with the same transactionId has made. Raises GraphError where Graph says so, by the switch."""
    transaction, mode = wanted.get("transactionId"), call.state.switches.repeated_create
    former = call.state.made_by(call.mailbox.id, str(transaction)) if transaction else None
    if former is None:
        return None
    is_told_again = mode == "echo" or (mode == "same" and former.fingerprint == fingerprint(wanted))
    if is_told_again and former.deleted_at is None:
        return former
    if mode == "conflict":
        raise GraphError(409, "ErrorDuplicateTransactionId", _USED)
    told: dict[str, Any] = {"@event.existingEventId": _id(call, former)}
    raise GraphError(400, "ErrorDuplicateTransactionId", _USED, **told)


def get_event(call: Call, event_id: str) -> Answer:
    wanted = _wanted(call)
    return Answer(body=_entity(call, _standing(call, event_id), wanted))


def update_event(call: Call, event_id: str) -> Answer:
    with call.state.change():
        event = changed_event(_standing(call, event_id), call.content, call.state.now())
        call.state.put(event)
    return Answer(body=_entity(call, event))


def delete_event(call: Call, event_id: str) -> Answer:
    with call.state.change():
        call.state.put(replace(_standing(call, event_id), deleted_at=call.state.now()))
    return Answer(204)


def list_events(call: Call, calendar_id: str = "") -> Answer:
    """Single events and masters of series, the newest first: Graph promises no order."""
    wanted = _wanted(call)
    found = [one for one in reversed(call.state.events_of(_calendar(call, calendar_id).id)) if wanted.is_wanted(one)]
    page, further = page_of(found, wanted, call.query, call.address)
    listed = [wanted.cut(event_body(one, call.mailbox, call.prefers, expand=wanted.expand)) for one in page]
    return Answer(body={"@odata.context": _context("me/events"), "value": listed, **further})


def view_calendar(call: Call, calendar_id: str = "") -> Answer:
    """Series expanded; a filter by an extended property is answered with an error of the server, as Graph's is."""
    wanted, window = _wanted(call), window_of(call.query)
    if "$filter" in call.query:
        raise GraphError(500, "ErrorInternalServerError", "An internal server error occurred. The operation failed.")
    events = call.state.events_of(_calendar(call, calendar_id).id)
    seen = sorted(
        (row for event in events for row in rows_between(event, *window)), key=lambda row: (row[2], row[0].sequence)
    )
    page, further = page_of(seen, wanted, call.query, call.address)
    listed = [
        wanted.cut(event_body(event, call.mailbox, call.prefers, expand=wanted.expand, occurrence=which))
        for event, which, _ in page
    ]
    return Answer(body={"@odata.context": _context("me/calendarView"), "value": listed, **further})


def rows_between(event: Event, start: float, end: float) -> list[tuple[Event, str, float]]:
    """The event, or each of its occurrences by the wall's time, that reaches into the window; with its instant."""
    if event.recurrence is None:
        return [(event, "", event.starts_at)] if event.starts_at < end and event.ends_at > start else []
    first = datetime.fromisoformat(event.start)
    length = datetime.fromisoformat(event.end) - first
    last = datetime.fromtimestamp(end, UTC).date() + timedelta(days=1)
    walls = (at.isoformat() for at in occurrences(event.recurrence, first, last))
    rows = [(event, wall, event.instant(wall)) for wall in walls]
    return [row for row in rows if row[2] < end and row[2] + length.total_seconds() > start]


def _wanted(call: Call) -> Wanted:
    return read_query(call.query, call.state.switches.page_limit)


def _calendar(call: Call, calendar_id: str) -> Calendar:
    """The default one without an id."""
    own = call.state.calendars_of(call.mailbox.id)
    found = next((one for one in own if one.id == calendar_id or (not calendar_id and one.is_default)), None)
    if found is None:
        raise not_found()
    return found


def _standing(call: Call, event_id: str) -> Event:
    """By either kind of id. What lies in a calendar that was deleted is gone with it."""
    with call.state.lock:
        found = call.state.events.get(event_id) or next(
            (one for one in call.state.events.values() if passing_id(one) == event_id), None
        )
    calendars = {one.id for one in call.state.calendars_of(call.mailbox.id)}
    if found is None or found.deleted_at is not None or found.calendar_id not in calendars:
        raise not_found()
    return found


def _entity(call: Call, event: Event, wanted: Wanted | None = None) -> dict[str, Any]:
    body = event_body(event, call.mailbox, call.prefers, expand=wanted.expand if wanted else "")
    return {"@odata.context": _context("me/events/$entity"), **(wanted.cut(body) if wanted else body)}


def _id(call: Call, event: Event) -> str:
    return event.id if call.prefers.immutable else passing_id(event)


def _context(what: str) -> str:
    return f"https://graph.microsoft.com/v1.0/$metadata#{what}"
