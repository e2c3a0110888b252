"""Give contacts access to events and resources, and take it away: the lists of Vendor Access (PRODUCT 1.5)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Contact, Event, Grant, Resource
from webapp.services.people.once import made_once
from webapp.services.people.paging import Looked, Page, first_of, page_of
from webapp.services.system import audit
from webapp.services.system.audit import Who


@dataclass(frozen=True)
class Granted:
    """An event as a whole, or one resource of it."""

    id: int
    event: str
    resource: str | None


def grants_of(session: Session, contact: Contact, looked: Looked) -> Page[Granted]:
    """By event, newest first, each before its resources."""
    query = (
        select(col(Grant.id), col(Event.name), col(Resource.name))
        .outerjoin(Resource, col(Resource.id) == col(Grant.resource_id))
        .join(Event, or_(col(Event.id) == col(Grant.event_id), col(Event.id) == col(Resource.event_id)))
        .where(col(Grant.contact_id) == contact.id)
        .order_by(col(Event.created_at).desc(), col(Event.id), col(Grant.resource_id).is_not(None), col(Resource.name))
    )
    said = (col(Event.name), col(Resource.name))
    return page_of(session, query, looked, by=col(Grant.id), said=said, make=lambda row: Granted(*row))


def events_of(session: Session, school_id: int, looked: Looked) -> Page[Event]:
    """The newest first."""
    query = select(Event).where(col(Event.school_id) == school_id, col(Event.deleted_at).is_(None))
    newest = query.order_by(col(Event.created_at).desc(), col(Event.id))
    return page_of(session, newest, looked, by=col(Event.id), said=(col(Event.name),), make=first_of)


def event_to_grant(session: Session, school_id: int, event_id: int) -> Event:
    """Raises NotFound for another school's, or a deleted one."""
    query = select(Event).where(col(Event.id) == event_id, col(Event.school_id) == school_id)
    event: Event | None = session.execute(query.where(col(Event.deleted_at).is_(None))).scalar_one_or_none()
    if event is None:
        raise NotFound
    return event


def resources_of(session: Session, school_id: int, event_id: int, looked: Looked) -> Page[Resource]:
    """By name. Raises NotFound for another school's event."""
    event_to_grant(session, school_id, event_id)
    query = select(Resource).where(col(Resource.event_id) == event_id)
    by_name = query.order_by(col(Resource.name), col(Resource.id))
    return page_of(session, by_name, looked, by=col(Resource.id), said=(col(Resource.name),), make=first_of)


def grant_event(session: Session, contact: Contact, event_id: int, *, who: Who, now: datetime) -> None:
    """Raises NotFound for another school's event."""
    event_to_grant(session, contact.school_id, event_id)
    if _grant(session, contact, event_id=event_id):
        _record(session, contact, "grant.add", who=who, now=now, event=event_id)


def grant_resources(
    session: Session, contact: Contact, event_id: int, resources: Collection[int], *, who: Who, now: datetime
) -> None:
    """Raises NotFound for resources of another event, Invalid for none."""
    if not resources:
        raise Invalid(N_("Choose at least one resource."))
    event_to_grant(session, contact.school_id, event_id)
    theirs = select(col(Resource.id)).where(col(Resource.event_id) == event_id, col(Resource.id).in_(resources))
    known = set(session.execute(theirs).scalars())
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
