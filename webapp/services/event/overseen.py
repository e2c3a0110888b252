"""Know which events an office contact oversees: Administrators all of the school's, others those granted to them."""

from collections.abc import Sequence

from sqlmodel import Session

from webapp.errors import NotFound
from webapp.models import Contact, Event
from webapp.services.event.listing import listed_events


def overseen_events(session: Session, contact: Contact) -> list[Event]:
    """Newest first."""
    return [listed.event for listed in listed_events(session, contact)]


def chosen_event(events: Sequence[Event], number: int | None) -> Event | None:
    """The one with this number, None where none was asked for. Raises NotFound for one that is not among them."""
    if number is None:
        return None
    for event in events:
        if event.id == number:
            return event
    raise NotFound
