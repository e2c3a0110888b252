"""List the events that a member of staff may open, each with its settings."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlmodel import Session, col

from webapp.models import Contact, Event, EventSettings, Grant, Level, Resource


@dataclass(frozen=True)
class Listed:
    event: Event
    settings: EventSettings


def listed_events(
    session: Session, contact: Contact, *, in_part: bool = False, within: Collection[int] | None = None
) -> list[Listed]:
    """Newest first; below Administrator only the events granted to the contact, `in_part` also those of which a
    resource is. Where given, none but those `within` (ids)."""
    query = (
        select(Event, EventSettings)
        .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
        .where(col(Event.school_id) == contact.school_id, col(Event.deleted_at).is_(None))
        .order_by(col(Event.created_at).desc(), col(Event.id).desc())
    )
    if contact.level < Level.ADMINISTRATOR:
        mine = select(col(Grant.event_id)).where(col(Grant.contact_id) == contact.id)
        some = (
            select(col(Resource.event_id))
            .join(Grant, col(Grant.resource_id) == col(Resource.id))
            .where(col(Grant.contact_id) == contact.id)
        )
        is_mine = col(Event.id).in_(mine)
        query = query.where(or_(is_mine, col(Event.id).in_(some)) if in_part else is_mine)
    if within is not None:
        query = query.where(col(Event.id).in_(within))
    return [Listed(event, settings) for event, settings in session.execute(query)]
