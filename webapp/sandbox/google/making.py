"""Make an event, whether an app asks for it or its owner types it in."""

from collections.abc import Mapping
from typing import Any

from .event_orders import checked
from .records import Calendar, Event, event_key
from .state import GoogleState


def make_event(
    state: GoogleState, calendar: Calendar, event_id: str, said: Mapping[str, Any], *, creator: str
) -> Event:
    """Raises GoogleError 400. Call it within `change()`, when it is known that the id is free."""
    now = state.now()
    return state.put_event(
        Event(
            id=event_key(calendar.id, event_id),
            calendar_id=calendar.id,
            event_id=event_id,
            sequence=state.next_sequence(),
            created_at=now,
            updated_at=now,
            creator=creator,
            status=str(said.get("status", "confirmed")),
            uid=str(said.get("iCalUID") or ""),
            said=checked(said, calendar),
        )
    )
