"""Book all chosen times together or none of them; the database has the last word on each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from webapp import faults, i18n
from webapp.db import has_lost_a_race
from webapp.errors import N_, Invalid, NotFound
from webapp.models import Contact, Event, EventSettings
from webapp.models.base import new_token
from webapp.models.event.event_settings import Window
from webapp.services.booking.errors import (
    BookingClosed,
    BookingNotOpenYet,
    ClosedForTime,
    NotAvailable,
    NotYourTeacher,
    SlotChanged,
)
from webapp.services.booking.family import Child
from webapp.services.booking.holds import give_up, lock_with_held
from webapp.services.booking.limits import (
    Counted,
    Wanted,
    as_counted,
    place,
    refuse_beyond,
    seen_by_all,
)
from webapp.services.booking.offers import Offer, SharedClass, offers_of
from webapp.services.booking.put_down import Plan, put_down
from webapp.services.booking.seating import Standing, free_seat, is_held_by, next_nth, standing_of
from webapp.services.booking.turn import Turn, take_turn

MOST_AT_ONCE = 40
CLOSING = timedelta(seconds=1)
"""How long after the scheduler has closed a form is taken that was on its way."""


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
    until: datetime | None = None,
    now: datetime,
) -> list[int]:
    """The ids of the new appointments, one act of booking. Raises a DomainError that names the time concerned.

    What the family held of them becomes what is booked, and what else it held is given up. With `until` all are held so
    long, and nothing follows. `is_as_seen` says whether a time is what the family saw, else SlotChanged is raised.
    """
    refuse_when_closed(turn.window, now=now)
    _refuse_wrong_choices(turn, choices)
    if has_lost_a_race(session):
        lock_with_held(session, [choice.slot for choice in choices], mine=turn.maker_id)
    offers = offers_of(session, turn, [choice.slot for choice in choices], students=_students(choices), now=now)
    for choice in choices:
        _refuse_unseen(offers[choice.slot], choice, is_as_seen)
        refuse_closed(turn, offers[choice.slot], now=now)
        refuse_busy(offers[choice.slot])
    plans = _plans(session, turn, choices, offers, now=now)
    faults.point("booking.validated")
    booked = put_down(session, turn, plans, act=act, until=until, now=now)
    return [booked[choice.slot] for choice in choices]


def refuse_when_closed(window: Window, *, now: datetime) -> None:
    """What comes within the closing second is in time (BOOK-010). Raises BookingClosed or BookingNotOpenYet."""
    if window.has_closed(now - CLOSING):
        raise BookingClosed
    if not window.has_opened(now):
        raise BookingNotOpenYet


def refuse_closed(turn: Turn, offer: Offer, *, now: datetime) -> None:
    if offer.starts_at <= turn.closing.closed_until(turn.zone, now):
        raise ClosedForTime(**offer.words)


def refuse_busy(offer: Offer) -> None:
    """As the teachers' own calendars were read last. Raises NotAvailable."""
    if offer.is_busy:
        raise NotAvailable(**offer.words)


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
    mine = {_of_hold(row): row for row in standing if is_held_by(row, turn.maker_id)}
    holds = {choice: mine.pop(_as_held(offers[choice.slot], wanted[choice]), None) for choice in in_order}
    unused = {row.id for row in mine.values()}
    give_up(session, unused, mine=turn.maker_id, now=now)
    standing = [row for row in standing if row.id not in unused]
    counted = [row for row in counted if row.id not in unused]
    plans: list[Plan] = []
    for choice in in_order:
        plan = _plan(turn, offers[choice.slot], choice, wanted[choice], standing, counted, plans, holds[choice])
        plans.append(plan)
        counted = counted if plan.held else [*counted, as_counted(plan.wanted, plan.place)]
    return plans


def _of_hold(row: Any) -> tuple[object, ...]:
    return row.slot_id, row.child_key, row.class_id


def _as_held(offer: Offer, wanted: Wanted) -> tuple[object, ...]:
    return offer.slot_id, wanted.child_key, wanted.class_id


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
    hold: Any,
) -> Plan:
    if hold:
        standing = [row for row in standing if row.id != hold.id]
        counted = [row for row in counted if row.id != hold.id]
    is_virtual = offer.kind_of(choice.is_virtual)
    klass = _shared_class(offer, choice.child)
    allowed = min(klass.appointments_allowed, 1) if turn.limits.once_per_teacher else klass.appointments_allowed
    pair = (offer.resource_id, choice.child.key)
    taken = [plan.nth for plan in planned if (plan.offer.resource_id, plan.child.key) == pair]
    nth = next_nth(offer, turn.maker_id, choice.child, allowed, standing, besides=taken)
    refuse_beyond(turn.limits, wanted, counted)
    if hold:
        return Plan(offer, choice.child, is_virtual, klass.class_id, hold.seat, hold.nth, wanted, {}, held=hold.id)
    seat, its_place = free_seat(offer, standing), place(turn.limits, wanted, counted)
    return Plan(offer, choice.child, is_virtual, klass.class_id, seat, nth, wanted, its_place)


def _shared_class(offer: Offer, child: Child) -> SharedClass:
    """The class with the most appointments allowed; a typed child has one of each teacher."""
    if child.student_id is None:
        return SharedClass(None, 1)
    if child.student_id not in offer.shared:
        raise NotYourTeacher(teacher=offer.teacher, child=child.name)
    return offer.shared[child.student_id]
