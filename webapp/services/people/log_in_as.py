"""Let the office log in as a teacher whom it oversees, and back, with both identities in the audit."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, NotAllowed, NotFound
from webapp.models import Contact, Grant, Level, Resource, ResourceMember
from webapp.services.people.sign_in import SignedIn, act_as, stop_acting


def log_in_as(session: Session, person: SignedIn, administrator: Contact, teacher_id: int, *, now: datetime) -> str:
    """Returns the sign-in's new secret. Administrators may be any teacher of the school below Event Administrator,
    Event Administrators those of their events. Raises NotFound for another school's contact, else NotAllowed."""
    teacher = session.get(Contact, teacher_id)
    if teacher is None or teacher.school_id != administrator.school_id:
        raise NotFound
    if teacher.level < Level.VIEWER:
        raise NotAllowed(N_("You can log in as teachers only. This contact is a customer."))
    if administrator.level < Level.ADMINISTRATOR and not _is_in_granted_event(session, administrator, teacher):
        raise NotAllowed(N_("You can log in as the teachers of your own events only."))
    return act_as(session, person, administrator, teacher_id, now=now)


def log_back_in(session: Session, person: SignedIn, *, now: datetime) -> str | None:
    """Returns the sign-in's new secret, or None where the half hour was over already."""
    acted = session.get(Contact, person.acting_as_id) if person.acting_as_id else None
    return stop_acting(session, person, acted.school_id, now=now) if acted else None


def _is_in_granted_event(session: Session, administrator: Contact, teacher: Contact) -> bool:
    query = (
        select(col(ResourceMember.contact_id))
        .join(Resource, col(Resource.id) == col(ResourceMember.resource_id))
        .join(Grant, col(Grant.event_id) == col(Resource.event_id))
        .where(col(Grant.contact_id) == administrator.id, col(ResourceMember.contact_id) == teacher.id)
    )
    return session.execute(query.limit(1)).first() is not None
