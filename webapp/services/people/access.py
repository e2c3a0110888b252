"""Know as whom a person stands before a school, and which events and resources were granted to them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlmodel import Session, SQLModel, col

from webapp.models import (
    Appointment,
    Contact,
    Event,
    EventSettings,
    Grant,
    Level,
    Resource,
    ResourceMember,
    School,
    SignIn,
    Slot,
)
from webapp.models.base import columns_of, objects_of
from webapp.prepared import Prepared
from webapp.services.event.open_events import Round
from webapp.services.people.schools import is_slug
from webapp.services.people.sign_in import PERSON_COLUMNS, SignedIn, may_act_as, person_of, sought, with_sign_in

_OF_EVENT = (School, Event, EventSettings)
_OWN = PERSON_COLUMNS + len(columns_of(Contact))


@dataclass(frozen=True)
class Standing:
    """A signed-in person before the school of an address: the school, their own contact there, and the event of the
    address, each where there is one."""

    person: SignedIn
    school: School | None
    own: Contact | None
    round: Round | None = None


def standing_before(session: Session, secret: str, school: str, event: str = "", *, now: datetime) -> Standing | None:
    """Who holds the secret, with what they are in the school of this slug, in one query; None as for `signed_in`.
    A family's address names an event (slug) too."""
    query = _BEFORE_EVENT if event else _BEFORE_SCHOOL
    values = {**sought(secret, now=now), "school": school if is_slug(school) else None, "event": event}
    row = query.first(session, values)
    if row is None:
        return None
    [own] = objects_of(row[PERSON_COLUMNS:_OWN], Contact)
    if event:
        found, at = _place(tuple(row[_OWN:]))
        return Standing(person_of(row, now=now), found, own, at)
    [found] = objects_of(row[_OWN:], School)
    return Standing(person_of(row, now=now), found, own)


@lru_cache(64)
def _place(values: tuple[Any, ...]) -> tuple[School | None, Round | None]:
    """As the database says it now. A crowd reads the same of one event, and to make objects of that takes as long as a
    query; they are of no session, and for looking only."""
    school, *of_event = objects_of(values, *_OF_EVENT)
    return school, Round(*of_event) if all(of_event) else None


def acted_contact(session: Session, person: SignedIn, own: Contact | None) -> Contact | None:
    """The teacher as whom the person acts. The right to do so is looked at each time: it may have been taken away."""
    acted = session.get(Contact, person.acting_as_id) if person.acting_as_id else None
    if acted and own and own.level >= Level.EVENT_ADMINISTRATOR and may_act_as(session, own, acted):
        return acted
    return None


def is_granted(session: Session, contact: Contact, event_id: object) -> bool:
    query = select(col(Grant.id)).where(col(Grant.contact_id) == contact.id, col(Grant.event_id) == event_id)
    return session.execute(query).first() is not None


def granted_events(session: Session, contact: Contact) -> frozenset[int]:
    query = select(col(Grant.event_id)).where(col(Grant.contact_id) == contact.id, col(Grant.event_id).is_not(None))
    return frozenset(session.execute(query).scalars())


def granted_resources(session: Session, contact: Contact, event_id: object) -> frozenset[int]:
    """Of one event."""
    query = (
        select(col(Grant.resource_id))
        .join(Resource, col(Resource.id) == col(Grant.resource_id))
        .where(col(Grant.contact_id) == contact.id, col(Resource.event_id) == event_id)
    )
    return frozenset(session.execute(query).scalars())


def are_of(session: Session, resources: Collection[int], named: Mapping[str, object]) -> bool:
    """Whether the resource, the slot and the appointment that an address names, where it does, are of these."""
    if named.get("resource", next(iter(resources))) not in resources:
        return False
    for name, table in (("slot", Slot), ("appointment", Appointment)):
        query = select(col(table.resource_id)).where(col(table.id) == named.get(name))
        if name in named and session.execute(query).scalar_one_or_none() not in resources:
            return False
    return True


def own_resources(session: Session, contact: Contact, event_id: object) -> frozenset[int]:
    """To which the contact belongs, alone or in a team, in one event."""
    query = (
        select(col(Resource.id))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .where(col(ResourceMember.contact_id) == contact.id, col(Resource.event_id) == event_id)
    )
    return frozenset(session.execute(query).scalars())


def may_work_on(session: Session, contact: Contact, event_id: int, resource_id: int) -> bool:
    """Whether the contact moves and cancels what is booked with the resource (PRODUCT 1.6)."""
    if contact.level == Level.ADMINISTRATOR:
        return True
    if contact.level < Level.RESOURCE_ADMINISTRATOR:
        return False
    return is_granted(session, contact, event_id) or resource_id in granted_resources(session, contact, event_id)


def _before(*models: type[SQLModel]) -> Any:
    is_own = and_(col(Contact.school_id) == col(School.id), col(Contact.login_id) == col(SignIn.login_id))
    query = with_sign_in(*columns_of(*models))
    return query.outerjoin(School, col(School.slug) == bindparam("school")).outerjoin(Contact, is_own)


_BEFORE_SCHOOL = Prepared(_before(Contact, School))
_OF_ADDRESS = and_(
    col(Event.school_id) == col(School.id), col(Event.slug) == bindparam("event"), col(Event.deleted_at).is_(None)
)
_BEFORE_EVENT = Prepared(
    _before(Contact, *_OF_EVENT)
    .outerjoin(Event, _OF_ADDRESS)
    .outerjoin(EventSettings, col(EventSettings.event_id) == col(Event.id))
)
