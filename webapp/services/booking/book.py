"""Book all chosen times together or none of them; the database has the last word on each."""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from webapp import faults
from webapp.errors import N_, Invalid, NotFound
from webapp.models import Appointment, Contact, Event, EventSettings, Slot
from webapp.models.base import new_token, table_of
from webapp.models.booking.occupancy import TEACHER
from webapp.models.event.event_settings import Window
from webapp.services.booking.consequences import follow_first
from webapp.services.booking.errors import (
    AlreadyBooked,
    BookingClosed,
    BookingNotOpenYet,
    NotYourTeacher,
    SlotChanged,
    SlotTaken,
    TeacherBusy,
    TimeClash,
)
from webapp.services.booking.family import Child
from webapp.services.booking.holds import let_go_of
from webapp.services.booking.occupancy import Span, spans_of, take, ticks
from webapp.services.booking.offers import Offer, SharedClass, offers_of
from webapp.services.booking.seating import Standing, free_seat, next_nth, standing_of
from webapp.services.booking.turn import Turn, take_turn
from webapp.services.booking.wish_meetings import Fact
from webapp.services.booking.wish_messages import Act

MOST_AT_ONCE = 40


@dataclass(frozen=True)
class Choice:
    """A time that a parent chose: the slot's token, for which child, and how to meet where the slot leaves it open.
    `resource` is the token of the teacher with whom they saw it."""

    slot: str
    child: Child
    is_virtual: bool | None = None
    resource: str = ""


def book(
    session: Session,
    event: Event,
    settings: EventSettings,
    maker: Contact,
    choices: Sequence[Choice],
    *,
    now: datetime,
) -> list[int]:
    """As `book_in_turn`, for whoever has the event at hand."""
    assert maker.id is not None
    assert settings.event_id == event.id
    session.flush()
    turn = take_turn(session, settings.event_id, maker.id, _students(choices))
    return book_in_turn(session, turn, choices, act=new_token(), now=now)


def book_in_turn(
    session: Session,
    turn: Turn,
    choices: Sequence[Choice],
    *,
    is_as_seen: Callable[[Offer], bool] = lambda _: True,
    act: str,
    now: datetime,
) -> list[int]:
    """The ids of the new appointments, one act of booking. Raises a DomainError that names the time concerned.

    `is_as_seen` says whether a time is still what the family saw, else SlotChanged is raised.
    """
    refuse_when_closed(turn.window, now=now)
    _refuse_wrong_choices(turn, choices)
    offers = offers_of(session, turn, [choice.slot for choice in choices], students=_students(choices), now=now)
    for choice in choices:
        _refuse_unseen(offers[choice.slot], choice, is_as_seen)
    plans = _plans(session, turn, choices, offers, now=now)
    faults.point("booking.validated")
    booked = {plan.offer.token: _insert(session, plan, turn.maker_id, act, now=now) for plan in plans}
    needs = [needs_of(plan.offer, booked[plan.offer.token], turn.maker_id, plan.child.student_id) for plan in plans]
    take_minutes(session, dict(ChainMap(*needs)), now=now)
    facts = [_fact(plan, booked[plan.offer.token], turn, act) for plan in plans]
    told = Act(act, turn.school_id, turn.event_id, turn.maker_id, turn.email)
    follow_first(session, told, facts, life=turn.life, now=now)
    faults.point("booking.inserted")
    return [booked[choice.slot] for choice in choices]


def refuse_when_closed(window: Window, *, now: datetime) -> None:
    if window.has_closed(now):
        raise BookingClosed
    if not window.is_open(now):
        raise BookingNotOpenYet


def needs_of(offer: Offer, appointment: int, maker_id: int, student_id: int | None) -> dict[Span, Offer]:
    """Whose minutes an appointment on the offered slot takes."""
    spans = spans_of(
        ticks(offer.starts_at, offer.ends_at),
        appointment_id=appointment,
        slot_id=offer.slot_id,
        parent=maker_id,
        student=student_id,
        teachers=offer.members,
    )
    return dict.fromkeys(spans, offer)


def take_minutes(session: Session, needs: Mapping[Span, Offer], *, now: datetime) -> None:
    """Raises TimeClash or TeacherBusy where the database says that somebody is elsewhere."""
    while clash := take(session, list(needs)):
        if not let_go_of(session, clash, now=now):
            refusal = TeacherBusy if clash.span.kind == TEACHER else TimeClash
            raise refusal(**needs[clash.span].words)


@dataclass(frozen=True)
class _Plan:
    """A choice with what its appointment will be."""

    offer: Offer
    child: Child
    is_virtual: bool
    class_id: int | None
    seat: int
    nth: int


def _students(choices: Sequence[Choice]) -> set[int]:
    return {choice.child.student_id for choice in choices if choice.child.student_id}


def _refuse_wrong_choices(turn: Turn, choices: Sequence[Choice]) -> None:
    """A PTA event knows its children by the roster, a Simple PTA event by what the parent types (PRODUCT 1.1)."""
    if not choices or len(choices) > MOST_AT_ONCE:
        raise Invalid(N_("Choose at least one time, and at most %(most)s."), most=MOST_AT_ONCE)
    if any((choice.child.student_id is None) != turn.is_simple for choice in choices):
        raise NotFound


def _refuse_unseen(offer: Offer, choice: Choice, is_as_seen: Callable[[Offer], bool]) -> None:
    if choice.resource and choice.resource != offer.resource:
        raise NotFound
    if not is_as_seen(offer):
        raise SlotChanged(**offer.words)


def _plans(
    session: Session, turn: Turn, choices: Sequence[Choice], offers: Mapping[str, Offer], *, now: datetime
) -> list[_Plan]:
    """In the order of time, so that of several reasons the earliest is named."""
    standing = standing_of(session, offers.values(), turn.maker_id, _students(choices), now=now)
    plans: list[_Plan] = []
    for choice in sorted(choices, key=lambda choice: offers[choice.slot].starts_at):
        plans.append(_plan(offers[choice.slot], choice, turn.maker_id, standing, plans))
    return plans


def _plan(offer: Offer, choice: Choice, maker_id: int, standing: Standing, planned: Sequence[_Plan]) -> _Plan:
    is_virtual = offer.kind_of(choice.is_virtual)
    klass = _shared_class(offer, choice.child)
    pair = (offer.resource_id, choice.child.key)
    taken = [plan.nth for plan in planned if (plan.offer.resource_id, plan.child.key) == pair]
    nth = next_nth(offer, maker_id, choice.child, klass.appointments_allowed, standing, besides=taken)
    return _Plan(offer, choice.child, is_virtual, klass.class_id, free_seat(offer, standing), nth)


def _shared_class(offer: Offer, child: Child) -> SharedClass:
    """The class with the most appointments allowed; a typed child has one of each teacher."""
    if child.student_id is None:
        return SharedClass(None, 1)
    if child.student_id not in offer.shared:
        raise NotYourTeacher(teacher=offer.teacher, child=child.name)
    return offer.shared[child.student_id]


def _insert(session: Session, plan: _Plan, maker_id: int, act: str, *, now: datetime) -> int:
    """Only while the slot is as it was read: moving or blocking it raises its version (RELIABILITY I6)."""
    child = plan.child
    values = {
        "slot": plan.offer.slot_id,
        "version": plan.offer.version,
        "seat": plan.seat,
        "contact_id": maker_id,
        "student_id": child.student_id,
        "class_id": plan.class_id,
        "child_name": "" if child.student_id else child.name,
        "child_key": child.key,
        "nth": plan.nth,
        "token": new_token(),
        "is_virtual": plan.is_virtual,
        "act": act,
        "booked_at": now,
    }
    try:
        number: int | None = session.connection().execute(_INSERT, values).scalar_one_or_none()
    except IntegrityError as error:
        if "nth" in str(error.orig):
            raise AlreadyBooked(child=child.name, **plan.offer.words) from error
        raise SlotTaken(**plan.offer.words) from error
    if number is None:
        raise SlotChanged(**plan.offer.words)
    return number


def _fact(plan: _Plan, appointment: int, turn: Turn, act: str) -> Fact:
    return Fact(
        id=appointment,
        school_id=turn.school_id,
        act=act,
        is_virtual=plan.is_virtual,
        cancelled_at=None,
        held_until=None,
        starts_at=plan.offer.starts_at,
        ends_at=plan.offer.ends_at,
        zone=turn.zone,
        event_name=turn.event_name,
        resource_name=plan.offer.teacher,
        provider=turn.provider,
        **plan.offer.host,
    )


_SLOT = table_of(Slot).c
_GIVEN = "seat contact_id student_id class_id child_name child_key nth token is_virtual act booked_at".split()
_INSERT = (
    insert(table_of(Appointment))
    .from_select(
        ["slot_id", "school_id", "event_id", "resource_id", *_GIVEN],
        select(
            _SLOT.id,
            _SLOT.school_id,
            _SLOT.event_id,
            _SLOT.resource_id,
            *(bindparam(name, type_=table_of(Appointment).c[name].type) for name in _GIVEN),
        ).where(_SLOT.id == bindparam("slot"), _SLOT.version == bindparam("version"), _SLOT.removed_at.is_(None)),
    )
    .returning(table_of(Appointment).c.id)
)
