"""Book all chosen times together or none of them; the database has the last word on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp import faults, i18n
from webapp.errors import N_, Invalid, NotFound
from webapp.models import Appointment, Contact, Event, EventSettings, Resource, Slot
from webapp.models.base import new_token
from webapp.models.booking.occupancy import PARENT, STUDENT
from webapp.models.event.slot import EITHER, VIRTUAL, VISIBLE
from webapp.services.booking.consequences import follow
from webapp.services.booking.errors import (
    AlreadyBooked,
    BookingClosed,
    BookingNotOpenYet,
    SlotChanged,
    SlotTaken,
    TeacherBusy,
    TimeClash,
    WrongKind,
)
from webapp.services.booking.family import Child, shared_class
from webapp.services.booking.occupancy import queue_up, take, take_teachers, ticks

MOST_AT_ONCE = 40


@dataclass(frozen=True)
class Choice:
    """A time that a parent chose: the slot's token, for which child, and how to meet where the slot leaves it open."""

    slot: str
    child: Child
    is_virtual: bool | None = None


@dataclass(frozen=True)
class Offer:
    """A slot as loaded and locked for booking."""

    slot: Slot
    resource: Resource
    zone: str

    @property
    def words(self) -> dict[str, Any]:
        return {"time": i18n.moment(self.slot.starts_at, self.zone), "teacher": self.resource.name}


def book(
    session: Session, event: Event, settings: EventSettings, maker: Contact, choices: Sequence[Choice], *, now: datetime
) -> list[int]:
    """The ids of the new appointments, one act of booking. Raises a DomainError that names the time concerned."""
    # A change of these settings waits for this booking, or this for it: neither overlooks the other.
    latest = session.get_one(EventSettings, settings.event_id, populate_existing=True, with_for_update={"read": True})
    refuse_when_closed(latest, now=now)
    if not choices or len(choices) > MOST_AT_ONCE:
        raise Invalid(N_("Choose at least one time, and at most %(most)s."), most=MOST_AT_ONCE)
    assert maker.id is not None
    queue_up(session, maker.id, [choice.child.student_id for choice in choices])
    offers = offers_of(session, event, [choice.slot for choice in choices], now=now)
    faults.point("booking.validated")
    act = new_token()
    # In the order of time: of two families who want one teacher, none waits for the other in a circle.
    in_order = sorted(choices, key=lambda c: offers[c.slot].slot.starts_at)
    booked = {c.slot: _book_one(session, offers[c.slot], c, maker, act, now=now) for c in in_order}
    follow(session, booked.values(), now=now)
    faults.point("booking.inserted")
    return [booked[c.slot] for c in choices]


def refuse_when_closed(settings: EventSettings, *, now: datetime) -> None:
    if settings.has_closed(now):
        raise BookingClosed
    if not settings.is_open(now):
        raise BookingNotOpenYet


def offers_of(session: Session, event: Event, tokens: Sequence[str], *, now: datetime) -> dict[str, Offer]:
    """The event's slots that customers may book, locked in the order of their ids, so that nobody waits in a circle."""
    if len(set(tokens)) != len(tokens):
        raise Invalid(N_("One time was chosen twice. Choose another time for one of them."))
    query = (
        select(Slot, Resource)
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .where(col(Slot.event_id) == event.id, col(Slot.token).in_(tokens), col(Slot.removed_at).is_(None))
        .where(col(Slot.visibility) == VISIBLE, col(Slot.starts_at) > now)
        .order_by(col(Slot.id))
        .with_for_update(of=Slot)
    )
    offers = {slot.token: Offer(slot, resource, event.zone) for slot, resource in session.execute(query)}
    if len(offers) != len(tokens):
        raise NotFound(N_("One of the times is not offered any more. Look at the times again."))
    return offers


def kind_of(offer: Offer, wanted: bool | None) -> bool:
    """Whether the appointment is virtual. Raises WrongKind where an open kind was not chosen, or a fixed one defied."""
    if offer.slot.kind == EITHER:
        if wanted is None:
            raise WrongKind(**offer.words)
        return wanted
    is_virtual = offer.slot.kind == VIRTUAL
    if wanted is not None and wanted != is_virtual:
        raise WrongKind(**offer.words)
    return is_virtual


def free_seat(session: Session, offer: Offer) -> int:
    """The lowest free seat. Raises SlotTaken when the slot is full."""
    taken = select(col(Appointment.seat)).where(
        col(Appointment.slot_id) == offer.slot.id, col(Appointment.cancelled_at).is_(None)
    )
    seats = set(range(1, offer.slot.capacity + 1)) - set(session.execute(taken).scalars())
    if not seats:
        raise SlotTaken(**offer.words)
    return min(seats)


def take_minutes(session: Session, offer: Offer, appointment: int, maker_id: int, student_id: int | None) -> None:
    """Raises TimeClash or TeacherBusy where the database says that somebody is elsewhere."""
    minutes = ticks(offer.slot.starts_at, offer.slot.ends_at)
    assert offer.slot.id is not None
    if not take(session, PARENT, maker_id, appointment, minutes):
        raise TimeClash(**offer.words)
    if student_id is not None and not take(session, STUDENT, student_id, appointment, minutes):
        raise TimeClash(**offer.words)
    if not take_teachers(session, offer.slot.resource_id, offer.slot.id, minutes):
        raise TeacherBusy(**offer.words)


def _book_one(session: Session, offer: Offer, choice: Choice, maker: Contact, act: str, *, now: datetime) -> int:
    assert maker.id is not None
    is_virtual = kind_of(offer, choice.is_virtual)
    klass = shared_class(session, offer.resource, choice.child)
    nth = _next_nth(session, offer, maker.id, choice.child)
    if nth > klass.appointments_allowed:
        raise AlreadyBooked(child=choice.child.name, **offer.words)
    values: dict[str, Any] = {
        "school_id": maker.school_id,
        "event_id": offer.slot.event_id,
        "resource_id": offer.slot.resource_id,
        "seat": free_seat(session, offer),
        "contact_id": maker.id,
        "student_id": choice.child.student_id,
        "class_id": klass.class_id,
        "child_name": "" if choice.child.student_id else choice.child.name,
        "child_key": choice.child.key,
        "nth": nth,
        "token": new_token(),
        "is_virtual": is_virtual,
        "act": act,
        "booked_at": now,
    }
    appointment = _insert(session, offer, choice, values)
    take_minutes(session, offer, appointment, maker.id, choice.child.student_id)
    return appointment


def _insert(session: Session, offer: Offer, choice: Choice, values: dict[str, Any]) -> int:
    """Only while the slot is as it was read: moving or blocking it raises its version (RELIABILITY I6)."""
    as_read = select(col(Slot.id), *(literal(v, _type(name)) for name, v in values.items())).where(
        col(Slot.id) == offer.slot.id, col(Slot.version) == offer.slot.version, col(Slot.removed_at).is_(None)
    )
    adding = insert(Appointment).from_select(["slot_id", *values], as_read).returning(col(Appointment.id))
    try:
        number: int | None = session.execute(adding).scalar_one_or_none()
    except IntegrityError as error:
        if "nth" in str(error.orig):
            raise AlreadyBooked(child=choice.child.name, **offer.words) from error
        raise SlotTaken(**offer.words) from error
    if number is None:
        raise SlotChanged(**offer.words)
    return number


def _type(name: str) -> Any:
    return getattr(Appointment, name).type


def _next_nth(session: Session, offer: Offer, maker_id: int, child: Child) -> int:
    """The lowest number that is free: one that was cancelled may be booked again."""
    standing = select(col(Appointment.nth)).where(
        col(Appointment.resource_id) == offer.slot.resource_id,
        col(Appointment.contact_id) == maker_id,
        col(Appointment.child_key) == child.key,
        col(Appointment.cancelled_at).is_(None),
    )
    taken = set(session.execute(standing).scalars())
    return min(set(range(1, len(taken) + 2)) - taken)
