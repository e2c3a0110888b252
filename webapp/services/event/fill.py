"""Fill an event that was added before the roster was imported: once, and only while it has no teachers."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Contact, Event, Resource
from webapp.services.event.from_roster import take_resources
from webapp.services.system import audit
from webapp.services.system.audit import Who


def has_teachers(session: Session, school_id: int) -> bool:
    """Whether the school's roster knows any."""
    query = select(col(Contact.id)).where(col(Contact.school_id) == school_id, col(Contact.teacher_ref).is_not(None))
    return session.execute(query.limit(1)).first() is not None


def fill_from_roster(session: Session, event: Event, *, who: Who, now: datetime) -> int:
    """The number of resources the event has now; an event that has some already stays as it is."""
    session.execute(select(col(Event.id)).where(col(Event.id) == event.id).with_for_update())
    held: int = session.execute(select(func.count()).where(col(Resource.event_id) == event.id)).scalar_one()
    if held:
        return held
    taken = len(take_resources(session, event))
    if not taken:
        raise Invalid(N_("The roster has no classes with teachers yet. Import the Class file first."))
    subject = f"event {event.id}"
    audit.record(session, "event.fill", who=who, school_id=event.school_id, subject=subject, now=now, resources=taken)
    return taken
