"""A hold that has expired is in nobody's way, and one that has not is (RELIABILITY I1)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_class, make_event, make_resource, make_teacher
from sqlmodel import Session, select, update
from threads import until_somebody_waits

from webapp.db import Database, has_lost_a_race
from webapp.errors import NotFound
from webapp.models import Appointment, Class, Contact, EventSettings, Meeting, Occupancy, Slot, Student
from webapp.services.booking.book import Choice, book
from webapp.services.booking.errors import DayIsFull, SlotTaken, TeacherBusy
from webapp.services.booking.family import child_of
from webapp.services.booking.gaps import keep_limits
from webapp.services.booking.holds import (
    HOLD,
    LONGEST,
    extend_hold,
    held_until,
    let_go,
    let_go_expired,
    release_hold,
)
from webapp.services.booking.move import move_appointment
from webapp.services.people.their_appointments import appointments_of_contact, appointments_of_student
from webapp.services.system.audit import SYSTEM
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


@pytest.mark.parametrize("left", [timedelta(), MINUTE])
def test_a_hold_never_blocks_its_own_family(session: Session, now: datetime, left: timedelta) -> None:
    """Neither the teacher nor the minutes, of this event or of another; what was held is free for others then."""
    evening = Evening(session, now)
    ines = make_teacher(session, evening.school, "Ines", "Ito")
    make_class(session, evening.school, ines, evening.mia)
    spring, elsewhere = evening.event, make_event(session, evening.school)
    first, second = evening.slot(after=0), evening.slot(after=15)
    hold = held(evening, first, until=now + left)

    [booked] = evening.book(second)
    session.refresh(hold)
    evening.event = elsewhere
    [again] = evening.hold(evening.slot(make_resource(session, elsewhere, ines), after=30), now=now + left - HOLD)
    evening.event = spring
    [overlapping] = evening.book(evening.slot(make_resource(session, evening.event, ines), after=35))
    session.refresh(again)

    assert (booked.nth, hold.cancelled_at, again.cancelled_at) == (1, now, now)
    assert booked.is_standing
    assert overlapping.is_standing
    assert is_sound(evening)


def test_an_appointment_can_be_moved_to_where_its_family_holds_a_time(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    session.execute(update(Class).values(appointments_allowed=2))
    [booked] = evening.book(evening.slot())
    slot = evening.slot()
    held(evening, slot, until=now + MINUTE)

    evening.move(booked, slot)

    assert evening.again(booked).slot_id == slot.id
    assert is_sound(evening)


def test_what_is_held_becomes_what_is_booked_with_its_seat_and_its_minutes(session: Session, now: datetime) -> None:
    evening = Evening(session, now, provider="zoom")
    evening.settings.max_per_event = 1
    slot = evening.slot()
    hold = evening.hold(slot)
    minutes = {(row.kind, row.tick, row.appointment_id) for row in session.exec(select(Occupancy)).all()}
    is_quiet = not (session.exec(select(Meeting)).all() or evening.messages())

    [booked] = evening.book(slot)

    session.refresh(booked)
    assert (booked.id, booked.seat, booked.held_until, booked.event_nth) == (hold[0].id, 1, None, 1)
    assert {(row.kind, row.tick, row.appointment_id) for row in session.exec(select(Occupancy)).all()} == minutes
    assert is_quiet
    assert [len(evening.meetings(booked)), len(evening.messages())] == [1, 1]
    assert is_sound(evening)


def test_of_what_is_held_the_family_can_book_less_and_other_times_beside_it(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    session.execute(update(Class).values(appointments_allowed=3))
    slots = [evening.slot() for _ in range(3)]
    [kept, left] = evening.hold(*slots[:2])

    booked = evening.book(slots[0], slots[2])

    session.refresh(left)
    assert booked[0].id == kept.id
    assert [row.nth for row in booked] == [1, 2]
    assert left.cancelled_at == now
    assert is_sound(evening)


def test_what_is_held_anew_is_held_instead_and_twice_the_same_is_held_once(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    first, second = evening.slot(), evening.slot()

    [one] = evening.hold(first)
    [same] = evening.hold(first, now=now + MINUTE)
    [other] = evening.hold(second)

    session.refresh(one)
    assert one.id == same.id
    assert one.cancelled_at == now
    assert (other.slot_id, other.held_until) == (second.id, now + HOLD)
    assert is_sound(evening)


def test_a_hold_counts_for_others_as_a_booking_does(session: Session, now: datetime) -> None:
    """The seat, and a place on the teacher's day."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    slot = evening.slot()
    evening.hold(slot)

    with pytest.raises(SlotTaken):
        evening.book(slot, maker=bob, child=ben)
    evening.settings.max_per_day = 1
    keep_limits(session, evening.settings, now=now)
    with pytest.raises(DayIsFull):
        evening.book(evening.slot(), maker=bob, child=ben)


def test_a_hold_can_be_made_longer_twelve_times_and_is_given_back_by_its_own_act_alone(
    session: Session, now: datetime
) -> None:
    """WCAG 2.2.1; RELIABILITY T2: not for ever."""
    evening = Evening(session, now)
    [hold] = evening.hold(evening.slot())
    mine = (evening.alice.id or 0, evening.event.id or 0, hold.act)
    foreign = [(mine[0], mine[1], "another"), (mine[0] + 1, *mine[1:]), (mine[0], mine[1] + 1, mine[2])]

    times = [extend_hold(session, *mine, now=now + 4 * n * MINUTE) for n in range(1, 16)]
    for others in foreign:
        with pytest.raises(NotFound):
            release_hold(session, *others, now=now)
    is_held = held_until(session, *mine) is not None
    release_hold(session, *mine, now=now)

    assert times[0] == now + 9 * MINUTE
    assert times[-1] == now + LONGEST
    assert len(set(times)) >= 12
    assert is_held
    assert held_until(session, *mine) is None
    assert is_sound(evening)


def test_who_asks_for_more_time_while_the_other_tab_books_makes_no_hold_of_it_again(
    database: Database, now: datetime
) -> None:
    """It would expire, and the family come for nothing. What it booked less of than it held is still of the act."""
    with database.transaction() as session:
        evening = Evening(session, now)
        session.execute(update(Class).values(appointments_allowed=2))
        slot = evening.slot()
        hold, _ = evening.hold(slot, evening.slot())
    mine = (evening.alice.id or 0, evening.event.id or 0, hold.act)

    def ask() -> None:
        with suppress(NotFound), database.transaction() as other:
            extend_hold(other, *mine, now=now + MINUTE)

    asking = threading.Thread(target=ask)
    with evening.later(database):
        [booked] = evening.book(slot)
        asking.start()
        asking.join(0.5)  # it has looked, if it does not wait
    asking.join(30)

    with evening.later(database):
        assert evening.again(booked).held_until is None
        assert is_sound(evening)


@pytest.mark.parametrize("deed", ["book", "move"])
def test_a_family_that_takes_another_time_is_not_sent_away_because_somebody_looks_at_the_one_it_holds(
    database: Database, now: datetime, deed: str
) -> None:
    """RELIABILITY B1: PostgreSQL has the held time locked for whoever looks. The deed is begun again, and waits for its
    turn there before it takes anything else: a time that many want is hardly ever without a lock."""
    with database.transaction() as session:
        evening = Evening(session, now)
        mine = evening.book(evening.slot()) if deed == "move" else []
        second = make_teacher(session, evening.school)
        make_class(session, evening.school, second, evening.mia)
        [hold], other = evening.hold(evening.slot(make_resource(session, evening.event, second))), evening.slot()
    tries: list[bool] = []

    def book_or_move(session: Session) -> None:
        tries.append(has_lost_a_race(session))
        for row in mine:
            again = session.get_one(Appointment, row.id)
            move_appointment(session, evening.event, again, other.token, is_virtual=None, who=SYSTEM, now=now)
            return
        settings = session.get_one(EventSettings, evening.event.id)
        choice = Choice(other.token, child_of(session, evening.alice, evening.mia.token))
        book(session, evening.event, settings, evening.alice, [choice], now=now)

    with ThreadPoolExecutor(1) as pool, Session(database.engine) as looking:
        looking.execute(select(Slot).where(Slot.id == hold.slot_id).with_for_update())
        done = pool.submit(database.carry_out, book_or_move)
        if not database.is_sqlite:
            until_somebody_waits(database)
        looking.rollback()
        done.result()

    assert tries == ([False] if database.is_sqlite else [False, True])
    with evening.later(database):
        assert evening.again(hold).cancelled_at == now
        assert is_sound(evening)


def test_expired_holds_are_given_back_by_the_job_and_others_are_not(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    [expired] = evening.hold(evening.slot())
    evening.hold(evening.slot(), maker=bob, child=ben, now=now + MINUTE)

    before = let_go_expired(session, now=now + HOLD - MINUTE)
    released = let_go_expired(session, now=now + HOLD)

    session.refresh(expired)
    assert (before, released, expired.cancelled_at) == (0, 1, now + HOLD)
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


def test_what_was_held_and_let_go_was_never_an_appointment(session: Session, now: datetime) -> None:
    """Not among those of the parent, nor of the child."""
    evening = Evening(session, now)
    [hold] = evening.hold(evening.slot())
    during = [entry.id for entry in appointments_of_contact(session, evening.alice).rows]

    release_hold(session, evening.alice.id or 0, evening.event.id or 0, hold.act, now=now)

    assert during == [hold.id]
    assert appointments_of_contact(session, evening.alice).rows == []
    assert appointments_of_student(session, evening.mia).rows == []
