"""List the events that a member of staff may open, each with its settings."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Contact, Event, EventSettings, Grant, Level


@dataclass(frozen=True)
class Listed:
    event: Event
    settings: EventSettings


def listed_events(session: Session, contact: Contact) -> list[Listed]:
    """Newest first; below Administrator only the events granted to the contact."""
    query = (
        select(Event, EventSettings)
        .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
        .where(col(Event.school_id) == contact.school_id)
        .order_by(col(Event.created_at).desc(), col(Event.id).desc())
    )
    if contact.level < Level.ADMINISTRATOR:
        granted = select(col(Grant.event_id)).where(col(Grant.contact_id) == contact.id)
        query = query.where(col(Event.id).in_(granted))
    return [Listed(event, settings) for event, settings in session.execute(query)]
