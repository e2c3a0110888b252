"""Remove all customers of one admin level at once, but nobody whom a coming appointment needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, NotAllowed
from webapp.models import Appointment, Contact, Level, Resource, ResourceMember, Slot
from webapp.portions import portions
from webapp.services.booking.occupancy import release_all_of
from webapp.services.booking.still_outside import is_still_outside
from webapp.services.booking.turn import stop_bookings
from webapp.services.calendar.link import part_from_all
from webapp.services.system import audit
from webapp.services.system.audit import Who

LEVELS = (Level.CUSTOMER, Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR, Level.EVENT_ADMINISTRATOR)
"""Administrators are removed one by one (PRODUCT 2.12)."""


class OtherNumber(DomainError):
    """Values: n."""

    message = N_("It would be %(n)s now, not the number that you typed. Nothing was removed.")


@dataclass(frozen=True)
class Removal:
    """How many would go, and how many stay because somebody meets them, or their meetings are being removed."""

    level: Level
    going: int
    staying: int


def look_at(session: Session, school_id: int, level: Level, *, who: Who, now: datetime) -> Removal:
    everybody, going = _of(school_id, level, who), _going(school_id, level, who, now)
    counts = [session.execute(select(func.count(col(Contact.id))).where(*w)).scalar_one() for w in (everybody, going)]
    return Removal(level, counts[1], counts[0] - counts[1])


def remove_level(session: Session, school_id: int, level: Level, number: int, *, who: Who, now: datetime) -> int:
    """Those who may go, if they are as many as was typed; what is past goes with them. Raises OtherNumber."""
    if level not in LEVELS:
        raise NotAllowed
    if level > Level.CUSTOMER:
        stop_bookings(session, select(col(Resource.event_id)).where(col(Resource.school_id) == school_id))
    going = _locked(session, school_id, level, who, now)
    if len(going) != number:
        raise OtherNumber(n=len(going))
    part_from_all(session, going, who=who, now=now)
    for some in portions(going, 400):  # which one statement names twice
        release_all_of(session, some)
        session.execute(delete(Contact).where(col(Contact.id).in_(some)))
    audit.record(session, "contact.remove_all", who=who, school_id=school_id, level=int(level), n=number, now=now)
    return number


def _locked(session: Session, school_id: int, level: Level, who: Who, now: datetime) -> list[int]:
    """Who was waited for may have been booking; what they booked is seen by the second look only."""
    query = select(col(Contact.id)).where(*_going(school_id, level, who, now))
    locked = set(session.execute(query.order_by(col(Contact.id)).with_for_update()).scalars())
    return [number for number in session.execute(query).scalars() if number is not None and number in locked]


def _of(school_id: int, level: Level, who: Who) -> list[ColumnElement[bool]]:
    is_other = or_(col(Contact.login_id).is_(None), col(Contact.login_id) != who.login_id)
    return [col(Contact.school_id) == school_id, col(Contact.level) == level, is_other]


def _going(school_id: int, level: Level, who: Who, now: datetime) -> list[ColumnElement[bool]]:
    mine = col(Appointment.school_id) == school_id
    coming = (col(Appointment.cancelled_at).is_(None), col(Slot.ends_at) > now)
    needed: list[Any] = []
    for whose in (_makers(), _teachers()):
        needed.append(whose.join(Slot, col(Slot.id) == col(Appointment.slot_id)).where(mine, *coming))
        needed.append(whose.where(mine, is_still_outside()))
    return [*_of(school_id, level, who), *(col(Contact.id).not_in(query) for query in needed)]


def _makers() -> Any:
    return select(col(Appointment.contact_id)).select_from(Appointment)


def _teachers() -> Any:
    return (
        select(col(ResourceMember.contact_id))
        .select_from(Appointment)
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Appointment.resource_id))
    )
