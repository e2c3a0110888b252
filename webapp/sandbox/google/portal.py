"""Change calendars as their owners do it in Google Calendar, behind the app's back."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from .answers import GoogleError
from .making import make_event
from .moments import offset_text, span_of
from .records import Calendar, Event
from .state import GoogleState


def add_by_hand(state: GoogleState, calendar_id: str, said: Mapping[str, Any]) -> Event:
    """`said` as for the API. Raises ValueError, with a sentence."""
    with state.change():
        calendar = _calendar(state, calendar_id)
        creator = next(one.email for one in state.accounts.values() if calendar.role_of(one.id))
        try:
            return make_event(state, calendar, secrets.token_hex(13), said, creator=creator)
        except GoogleError as error:
            raise ValueError(str(error)) from None


def delete_by_hand(state: GoogleState, calendar_id: str, event_id: str) -> None:
    with state.change():
        event = _standing(state, calendar_id, event_id)
        state.put_event(replace(event, status="cancelled", updated_at=state.now()))


def edit_by_hand(state: GoogleState, calendar_id: str, event_id: str, values: Mapping[str, Any]) -> None:
    """`minutes_later` moves it; any other field is as the API has it."""
    wanted = dict(values)
    with state.change():
        event = _standing(state, calendar_id, event_id)
        if later := int(wanted.pop("minutes_later", 0)):
            wanted |= _later(event, _calendar(state, calendar_id), later)
        said = {**event.said, **wanted}
        state.put_event(replace(event, said=said, updated_at=state.now(), revision=event.revision + 1))


def _later(event: Event, calendar: Calendar, minutes: int) -> dict[str, Any]:
    span = span_of(event.said, calendar.timezone)
    by = timedelta(days=minutes // 1440) if span.is_day else timedelta(minutes=minutes)
    moved = span.moved_to(span.starts_at + by)
    if span.is_day:
        days = (offset_text(at, span.zone)[:10] for at in (moved.starts_at, moved.ends_at))
        return dict(zip(("start", "end"), ({"date": day} for day in days), strict=True))
    times = (offset_text(at, "UTC") for at in (moved.starts_at, moved.ends_at))
    return dict(zip(("start", "end"), ({"dateTime": at, "timeZone": span.zone} for at in times), strict=True))


def _calendar(state: GoogleState, calendar_id: str) -> Calendar:
    calendar = state.calendars.get(calendar_id)
    if calendar is None or calendar.deleted_at is not None:
        raise ValueError("there is no such calendar")
    return calendar


def _standing(state: GoogleState, calendar_id: str, event_id: str) -> Event:
    event = state.event(calendar_id, event_id)
    if event is None or event.is_deleted:
        raise ValueError("there is no such event")
    return event
