"""Book all chosen times together or none of them; the database has the last word on each."""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from webapp import faults, i18n
from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import Appointment, Contact, Event, EventSettings, Slot
from webapp.models.base import new_token, table_of
from webapp.models.booking.occupancy import GAP, TEACHER
from webapp.models.event.event_settings import Window
from webapp.services.booking.consequences import follow_first
from webapp.services.booking.errors import (
    AlreadyBooked,
    BookingClosed,
    BookingNotOpenYet,
    ClosedForTime,
    NotYourTeacher,
    SlotChanged,
    SlotTaken,
    TeacherBusy,
    TimeClash,
    TooClose,
)
from webapp.services.booking.family import Child
from webapp.services.booking.holds import let_go_of
from webapp.services.booking.limits import (
    ORDINALS,
    Counted,
    Wanted,
    as_counted,
    place,
    refusal_of,
    refuse_beyond,
    seen_by_all,
)
from webapp.services.booking.occupancy import Span, spans_of, spread, take, ticks
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


@dataclass(frozen=True)
class Plan:
    """A choice with what its appointment will be."""

    offer: Offer
    child: Child
    is_virtual: bool
    class_id: int | None
    seat: int
    nth: int
    wanted: Wanted
    place: dict[str, Any]
    problem: str | None = None


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
        refuse_closed(turn, offers[choice.slot], now=now)
    plans = _plans(session, turn, choices, offers, now=now)
    faults.point("booking.validated")
    booked = put_down(session, turn, plans, act=act, now=now)
    return [booked[choice.slot] for choice in choices]


def put_down(
    session: Session, turn: Turn, plans: Sequence[Plan], *, act: str, by_office: bool = False, now: datetime
) -> dict[str, int]:
    """The ids of the new appointments by the token of their slot, with the minutes of all people and what follows. The
    office may come closer than the event's gap; of what is red the family learns when it is confirmed."""
    booked = {plan.offer.token: _insert(session, plan, turn, act, now=now) for plan in plans}
    gap = turn.limits.gap
    each = [needs_of(p.offer, booked[p.offer.token], turn.maker_id, p.child.student_id, gap=gap) for p in plans]
    needs = dict(ChainMap(*each))
    take_minutes(session, without_gaps(session, needs) if by_office else needs, now=now)
    facts = [_fact(plan, booked[plan.offer.token], turn, act) for plan in plans]
    told = Act(act, turn.school_id, turn.event_id, turn.maker_id, turn.email)
    is_sound = not any(plan.problem for plan in plans)
    follow_first(session, told, facts, is_told=is_sound, life=turn.life, now=now)
    faults.point("booking.inserted")
    return booked


def without_gaps(session: Session, needs: Mapping[Span, Offer]) -> dict[Span, Offer]:
    """What the office still has to take, once the gaps are taken as far as nobody holds them."""
    spread(session, [need for need in needs if need.kind == GAP])
    return {need: offer for need, offer in needs.items() if need.kind != GAP}


def refuse_when_closed(window: Window, *, now: datetime) -> None:
    if window.has_closed(now):
        raise BookingClosed
    if not window.is_open(now):
        raise BookingNotOpenYet


def refuse_closed(turn: Turn, offer: Offer, *, now: datetime) -> None:
    if offer.starts_at <= turn.closing.closed_until(turn.zone, now):
        raise ClosedForTime(**offer.words)


def needs_of(
    offer: Offer, appointment: int, maker_id: int, student_id: int | None, *, gap: int = 0
) -> dict[Span, Offer]:
    """Whose minutes an appointment on the offered slot takes; of the maker also the `gap` after it."""
    spans = spans_of(
        ticks(offer.starts_at, offer.ends_at),
        appointment_id=appointment,
        slot_id=offer.slot_id,
        parent=maker_id,
        student=student_id,
        teachers=offer.members,
        gap=gap,
    )
    return dict.fromkeys(spans, offer)


def take_minutes(session: Session, needs: Mapping[Span, Offer], *, now: datetime) -> None:
    """Raises TimeClash, TooClose or TeacherBusy where the database says that somebody is elsewhere."""
    while clash := take(session, list(needs)):
        if not let_go_of(session, clash, now=now):
            raise _refusal(clash.span, needs[clash.span])


def _refusal(span: Span, offer: Offer) -> DomainError:
    if span.kind == GAP:
        return TooClose(gap=span.stop - ticks(offer.starts_at, offer.ends_at).stop, **offer.words)
    return (TeacherBusy if span.kind == TEACHER else TimeClash)(**offer.words)


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
) -> list[Plan]:
    """In the order of time, so that of several reasons the earliest is named."""
    standing = standing_of(session, offers.values(), turn.maker_id, _students(choices), now=now)
    in_order = sorted(choices, key=lambda choice: offers[choice.slot].starts_at)
    wanted = {choice: _wanted(turn, offers[choice.slot], choice.child) for choice in in_order}
    counted = seen_by_all(session, turn.limits, turn.event_id, list(wanted.values()), now=now)
    plans: list[Plan] = []
    for choice in in_order:
        plan = _plan(turn, offers[choice.slot], choice, wanted[choice], standing, counted, plans)
        plans.append(plan)
        counted = [*counted, as_counted(plan.wanted, plan.place)]
    return plans


def _wanted(turn: Turn, offer: Offer, child: Child) -> Wanted:
    return Wanted(
        contact_id=turn.maker_id,
        child_key=child.key,
        child=child.name,
        resource_id=offer.resource_id,
        teacher=offer.teacher,
        class_id=_shared_class(offer, child).class_id,
        day=i18n.local_day(offer.starts_at, turn.zone).isoformat(),
    )


def _plan(
    turn: Turn,
    offer: Offer,
    choice: Choice,
    wanted: Wanted,
    standing: Standing,
    counted: Sequence[Counted],
    planned: Sequence[Plan],
) -> Plan:
    is_virtual = offer.kind_of(choice.is_virtual)
    klass = _shared_class(offer, choice.child)
    allowed = min(klass.appointments_allowed, 1) if turn.limits.once_per_teacher else klass.appointments_allowed
    pair = (offer.resource_id, choice.child.key)
    taken = [plan.nth for plan in planned if (plan.offer.resource_id, plan.child.key) == pair]
    nth = next_nth(offer, turn.maker_id, choice.child, allowed, standing, besides=taken)
    refuse_beyond(turn.limits, wanted, counted)
    seat, its_place = free_seat(offer, standing), place(turn.limits, wanted, counted)
    return Plan(offer, choice.child, is_virtual, klass.class_id, seat, nth, wanted, its_place)


def _shared_class(offer: Offer, child: Child) -> SharedClass:
    """The class with the most appointments allowed; a typed child has one of each teacher."""
    if child.student_id is None:
        return SharedClass(None, 1)
    if child.student_id not in offer.shared:
        raise NotYourTeacher(teacher=offer.teacher, child=child.name)
    return offer.shared[child.student_id]


def _insert(session: Session, plan: Plan, turn: Turn, act: str, *, now: datetime) -> int:
    """Only while the slot is as it was read: moving or blocking it raises its version (RELIABILITY I6)."""
    child = plan.child
    values = {
        "slot": plan.offer.slot_id,
        "version": plan.offer.version,
        "seat": plan.seat,
        "contact_id": turn.maker_id,
        "student_id": child.student_id,
        "class_id": plan.class_id,
        "child_name": "" if child.student_id else child.name,
        "child_key": child.key,
        "nth": plan.nth,
        "token": new_token(),
        "is_virtual": plan.is_virtual,
        "act": act,
        "service": "",
        "booked_at": now,
        "problem": plan.problem,
        **plan.place,
    }
    try:
        number: int | None = session.connection().execute(_INSERT, values).scalar_one_or_none()
    except IntegrityError as error:
        if refusal := refusal_of(str(error.orig), plan.wanted, turn.limits):
            raise refusal from error
        if "nth" in str(error.orig):
            raise AlreadyBooked(child=child.name, **plan.offer.words) from error
        raise SlotTaken(**plan.offer.words) from error
    if number is None:
        raise SlotChanged(**plan.offer.words)
    return number


def _fact(plan: Plan, appointment: int, turn: Turn, act: str) -> Fact:
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
_GIVEN = [
    *"seat service contact_id student_id class_id child_name child_key nth token is_virtual act".split(),
    *"booked_at problem day".split(),
    *ORDINALS,
]
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
