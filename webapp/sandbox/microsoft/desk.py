"""Change a calendar as its owner does it in Outlook, behind the app's back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from .answers import GraphError
from .making import changed_event, new_event
from .records import Calendar, Event
from .state import MicrosoftState, new_id

_RESPONSES = {"none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"}


def add_event(state: MicrosoftState, calendar_id: str, values: Mapping[str, Any]) -> Event:
    """`values` as Graph's body has them, with `response` and `isCancelled` besides, and as `iCalUId` the UID of the
    file that it comes from. Raises ValueError."""
    calendar = state.calendars.get(calendar_id)
    if calendar is None or calendar.deleted_at is not None:
        raise ValueError("There is no such calendar.")
    own = {name: values[name] for name in ("response", "isCancelled", "iCalUId") if name in values}
    if own.get("response", "organizer") not in _RESPONSES:
        raise ValueError(f"response must be one of {', '.join(sorted(_RESPONSES))}")
    with state.change():
        event = _worded(lambda: new_event(state, calendar, {k: v for k, v in values.items() if k not in own}))
        event = replace(
            event,
            response=own.get("response", "organizer"),
            is_cancelled=bool(own.get("isCancelled", False)),
            uid=str(own.get("iCalUId", "")),
        )
        state.put(event)
    return event


def add_copies(state: MicrosoftState, event: Event, number: int) -> None:
    """Each an hour after the one before."""
    with state.change():
        for hours in range(1, number + 1):
            later = timedelta(hours=hours)
            start, end = _shifted(event.start, later), _shifted(event.end, later)
            state.put(replace(event, id=new_id("AAkAL"), sequence=state.next_sequence(), start=start, end=end))


def edit_event(state: MicrosoftState, event_id: str, values: Mapping[str, Any]) -> Event:
    """`minutes_later` and `calendar_id` move it; the rest is as Graph's body has it. Raises ValueError."""
    rest = {name: value for name, value in values.items() if name not in {"minutes_later", "calendar_id"}}
    with state.change():
        event = _worded(lambda: changed_event(_standing(state, event_id), rest, state.now()))
        later = timedelta(minutes=float(values.get("minutes_later") or 0))
        event = replace(
            event,
            start=_shifted(event.start, later),
            end=_shifted(event.end, later),
            calendar_id=str(values.get("calendar_id") or event.calendar_id),
        )
        if event.calendar_id not in state.calendars:
            raise ValueError("There is no such calendar.")
        state.put(event)
    return event


def delete_event(state: MicrosoftState, event_id: str) -> None:
    with state.change():
        state.put(replace(_standing(state, event_id), deleted_at=state.now()))


def delete_calendar(state: MicrosoftState, calendar_id: str) -> None:
    """With all that lies in it."""
    calendar = state.calendars.get(calendar_id)
    if calendar is None or calendar.is_default or calendar.deleted_at is not None:
        raise ValueError("There is no such calendar that could be deleted.")
    with state.change():
        for event in state.events_of(calendar_id):
            state.put(replace(event, deleted_at=state.now()))
        state.put(replace(calendar, deleted_at=state.now()))


def share_calendar(state: MicrosoftState, calendar_id: str, *, can_edit: bool) -> Calendar:
    """Whoever shares it lets its holder write, or only read."""
    if calendar_id not in state.calendars:
        raise ValueError("There is no such calendar.")
    calendar = replace(state.calendars[calendar_id], can_edit=can_edit)
    with state.change():
        state.put(calendar)
    return calendar


def _standing(state: MicrosoftState, event_id: str) -> Event:
    event = state.events.get(event_id)
    if event is None or event.deleted_at is not None:
        raise ValueError("There is no such event.")
    return event


def _worded(make: Any) -> Event:
    try:
        event: Event = make()
    except GraphError as error:
        raise ValueError(error.message) from error
    return event


def _shifted(wall: str, later: timedelta) -> str:
    return (datetime.fromisoformat(wall) + later).isoformat()
