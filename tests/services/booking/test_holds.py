"""A hold that has expired is in nobody's way, and one that has not is (RELIABILITY I1)."""

from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_class, make_resource, make_teacher
from sqlmodel import Session, select

from webapp.db import Database
from webapp.models import Appointment, Contact, Meeting, Occupancy, Slot, Student
from webapp.services.booking.errors import AlreadyBooked, SlotTaken, TeacherBusy, TimeClash
from webapp.services.booking.holds import let_go
from webapp.services.system.invariants import broken

pytestmark = pytest.mark.both_databases

MINUTE = timedelta(minutes=1)


def held(
    evening: Evening, slot: Slot, *, until: datetime, maker: Contact | None = None, child: Student | None = None
) -> Appointment:
    """A hold as a booking that has yet to be confirmed: seat and minutes taken, nothing wished."""
    [booked] = evening.book(slot, maker=maker, child=child)
    session = evening.session
    for row in [*session.exec(select(Meeting)).all(), *evening.messages()]:
        session.delete(row)
    booked.held_until = until
    session.flush()
    return booked


def is_sound(evening: Evening) -> bool:
    evening.session.flush()
    return [one.name for one in broken(evening.session)] == []


@pytest.mark.parametrize(("left", "is_free"), [(-MINUTE, True), (timedelta(), True), (MINUTE, False)])
def test_a_hold_keeps_its_slot_until_it_expires(
    session: Session, now: datetime, left: timedelta, is_free: bool
) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    slot = evening.slot()
    hold = held(evening, slot, until=now + left, maker=bob, child=ben)

    if not is_free:
        with pytest.raises(SlotTaken):
            evening.book(slot)
        return
    [booked] = evening.book(slot)

    session.refresh(hold)
    assert (booked.seat, hold.cancelled_at, hold.held_until) == (1, now, now + left)
    assert {row.appointment_id for row in session.exec(select(Occupancy)).all()} == {booked.id, None}
    assert is_sound(evening)


def test_a_family_s_own_expired_hold_is_no_appointment_with_that_teacher(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    held(evening, evening.slot(), until=now)

    [booked] = evening.book(evening.slot())

    assert booked.nth == 1
    assert is_sound(evening)


def test_a_family_s_own_standing_hold_is(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    held(evening, evening.slot(), until=now + MINUTE)

    with pytest.raises(AlreadyBooked):
        evening.book(evening.slot())


@pytest.mark.parametrize(("left", "refusal"), [(timedelta(), None), (MINUTE, TimeClash)])
def test_minutes_that_a_family_holds_elsewhere_are_free_once_the_hold_expires(
    session: Session, now: datetime, left: timedelta, refusal: type[TimeClash] | None
) -> None:
    evening = Evening(session, now)
    ines = make_teacher(session, evening.school, "Ines", "Ito")
    make_class(session, evening.school, ines, evening.mia)
    held(evening, evening.slot(after=0), until=now + left)
    overlapping = evening.slot(make_resource(session, evening.event, ines), after=5)

    if refusal:
        with pytest.raises(refusal):
            evening.book(overlapping)
        return
    assert evening.book(overlapping)
    assert is_sound(evening)


@pytest.mark.parametrize(("left", "refusal"), [(timedelta(), None), (MINUTE, TeacherBusy)])
def test_a_teacher_held_by_another_slot_is_free_once_the_hold_expires(
    session: Session, now: datetime, left: timedelta, refusal: type[TeacherBusy] | None
) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    team = make_resource(session, evening.event, evening.teacher)
    held(evening, evening.slot(team, after=5), until=now + left, maker=bob, child=ben)

    if refusal:
        with pytest.raises(refusal):
            evening.book(evening.slot(after=0))
        return
    assert evening.book(evening.slot(after=0))
    assert is_sound(evening)


def test_an_appointment_that_is_moved_takes_the_place_of_an_expired_hold(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    [booked] = evening.book(evening.slot())
    slot = evening.slot()
    held(evening, slot, until=now, maker=bob, child=ben)

    evening.move(booked, slot)

    assert evening.again(booked).slot_id == slot.id
    assert is_sound(evening)


def test_an_appointment_that_is_no_hold_is_never_let_go(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot())

    assert let_go(session, [booked.id or 0], now=now) == set()
    session.refresh(booked)
    assert booked.is_standing


def test_a_hold_whose_slot_somebody_is_changing_is_left_alone(database: Database, now: datetime) -> None:
    """Waiting for it could be waiting for somebody who waits for us."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer")
    with database.transaction() as session:
        evening = Evening(session, now)
        slot = evening.slot()
        hold = held(evening, slot, until=now)

    with database.transaction() as other:
        other.execute(select(Slot).where(Slot.id == slot.id).with_for_update())
        with database.transaction() as session:
            assert let_go(session, [hold.id or 0], now=now) == set()
