"""Give contacts access to events and resources, and take it away: the lists of Vendor Access (PRODUCT 1.5)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Contact, Event, Grant, Resource
from webapp.services.people.once import made_once
from webapp.services.system import audit
from webapp.services.system.audit import Who


@dataclass(frozen=True)
class Granted:
    """An event as a whole, or one resource of it."""

    id: int
    event: str
    resource: str | None


def grants_of(session: Session, contact: Contact) -> list[Granted]:
    """By event, newest first, each before its resources; one query."""
    query = (
        select(col(Grant.id), col(Event.name), col(Resource.name))
        .outerjoin(Resource, col(Resource.id) == col(Grant.resource_id))
        .join(Event, or_(col(Event.id) == col(Grant.event_id), col(Event.id) == col(Resource.event_id)))
        .where(col(Grant.contact_id) == contact.id)
        .order_by(col(Event.created_at).desc(), col(Event.id), col(Grant.resource_id).is_not(None), col(Resource.name))
    )
    return [Granted(*row) for row in session.execute(query)]


def events_of(session: Session, school_id: int) -> list[Event]:
    query = select(Event).where(col(Event.school_id) == school_id, col(Event.deleted_at).is_(None))
    return list(session.execute(query.order_by(col(Event.created_at).desc(), col(Event.id))).scalars())


def resources_of(session: Session, school_id: int, event_id: int) -> list[Resource]:
    """Raises NotFound for another school's event."""
    _event(session, school_id, event_id)
    query = select(Resource).where(col(Resource.event_id) == event_id)
    return list(session.execute(query.order_by(col(Resource.name), col(Resource.id))).scalars())


def grant_event(session: Session, contact: Contact, event_id: int, *, who: Who, now: datetime) -> None:
    """Raises NotFound for another school's event."""
    _event(session, contact.school_id, event_id)
    if _grant(session, contact, event_id=event_id):
        _record(session, contact, "grant.add", who=who, now=now, event=event_id)


def grant_resources(
    session: Session, contact: Contact, event_id: int, resources: Collection[int], *, who: Who, now: datetime
) -> None:
    """Raises NotFound for resources of another event, Invalid for none."""
    if not resources:
        raise Invalid(N_("Choose at least one resource."))
    known = {row.id for row in resources_of(session, contact.school_id, event_id)}
    for resource in sorted(set(resources)):
        if resource not in known:
            raise NotFound
        if _grant(session, contact, resource_id=resource):
            _record(session, contact, "grant.add", who=who, now=now, resource=resource)


def revoke(session: Session, contact: Contact, grant_id: int, *, who: Who, now: datetime) -> None:
    """A grant that is gone already is fine."""
    query = delete(Grant).where(col(Grant.id) == grant_id, col(Grant.contact_id) == contact.id)
    gone = session.execute(query.returning(col(Grant.event_id), col(Grant.resource_id))).first()
    if gone:
        _record(session, contact, "grant.remove", who=who, now=now, event=gone[0], resource=gone[1])


def _event(session: Session, school_id: int, event_id: int) -> None:
    query = select(col(Event.id)).where(col(Event.id) == event_id, col(Event.school_id) == school_id)
    if session.execute(query).first() is None:
        raise NotFound


def _grant(session: Session, contact: Contact, **subject: int) -> bool:
    """Whether it is new."""
    name, number = next(iter(subject.items()))
    query = select(Grant).where(col(Grant.contact_id) == contact.id, col(getattr(Grant, name)) == number)

    def known() -> Grant | None:
        return session.execute(query).scalar_one_or_none()

    if known():
        return False
    row = Grant(school_id=contact.school_id, contact_id=contact.id or 0, **subject)
    return made_once(session, row, known) is row


def _record(session: Session, contact: Contact, action: str, *, who: Who, now: datetime, **detail: int | None) -> None:
    subject = f"contact {contact.id}"
    audit.record(session, action, who=who, school_id=contact.school_id, subject=subject, now=now, **detail)
