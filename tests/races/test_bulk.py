"""The office moves, blocks and cancels many appointments at once while families book, move and cancel theirs."""

import threading
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import EVENING, make_class, make_event, make_resource, make_slot, make_teacher
from races.databases import loosen, without_key, wrong_in
from races.scene import Deed, Scene, came
from sqlmodel import Session, col, select
from threads import at_once, until_somebody_waits

from webapp.db import Database
from webapp.models import Contact, Event, EventSettings, School, Slot, Student, Task
from webapp.services.booking.book import Choice, book
from webapp.services.booking.bulk import DELETE, Result, result_of, run_bulk, start_bulk
from webapp.services.booking.errors import AlreadyCancelled, NotOffered, SlotChanged, TimeClash
from webapp.services.booking.family import child_of
from webapp.services.booking.shift import PeopleElsewhere
from webapp.services.event import move_plan, move_slots
from webapp.services.event.move_plan import FAMILY_ELSEWHERE, MoveInput
from webapp.services.event.slots import SlotCounts
from webapp.services.event.update_slots import UpdateInput, update_slots
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import claim_due

pytestmark = [pytest.mark.races]

DAY_BEFORE = EVENING - timedelta(days=1)


def move_all(playing: Scene) -> Deed:
    """To the day before, at the same times of day."""

    def deed() -> SlotCounts:
        with playing.database.transaction() as session:
            return moved_all(session, playing.event, now=playing.now)

    return deed


def moved_all(session: Session, event: Event, *, now: datetime) -> SlotCounts:
    typed = MoveInput(dates=[EVENING.date()], to=[DAY_BEFORE.date()])
    return move_slots.move_slots(session, event, typed, who=SYSTEM, now=now)


def block_all(playing: Scene) -> Deed:
    typed = UpdateInput(dates=[EVENING.date()], visibility="unavailable")

    def deed() -> SlotCounts:
        with playing.database.transaction() as session:
            return update_slots(session, playing.event, typed, who=SYSTEM, now=playing.now)

    return deed


def cancel_all(playing: Scene) -> Deed:
    """What Alice and Bob have, as the Appointments List does it."""
    with playing.database.transaction() as session:
        numbers = [appointment.id or 0 for appointment in playing.booked]
        task = start_bulk(session, playing.families[0][0], DELETE, numbers, who=SYSTEM, now=playing.now)
    with playing.database.transaction() as session:
        [claim] = claim_due(session, Task, now=playing.now)

    def deed() -> Result:
        run_bulk(playing.database, None, claim, lambda: playing.now)
        with playing.database.reading() as session:
            return result_of(session.get_one(Task, task.id))

    return deed


def book_elsewhere(playing: Scene, slot: Slot) -> Deed:
    def deed() -> list[int]:
        with playing.database.transaction() as session:
            return booked(session, *playing.families[0], slot, now=playing.now)

    return deed


def booked(session: Session, adult: Contact, child: Student, slot: Slot, *, now: datetime) -> list[int]:
    event, settings = session.get_one(Event, slot.event_id), session.get_one(EventSettings, slot.event_id)
    return book(session, event, settings, adult, [Choice(slot.token, child_of(session, adult, child.token))], now=now)


def time_elsewhere(session: Session, school_id: int, child: Student) -> Slot:
    """Of another teacher of the child in another event, in the middle of the first time as it is when moved."""
    school = session.get_one(School, school_id)
    teacher = make_teacher(session, school, "Jonas", "Eriksen")
    make_class(session, school, teacher, child)
    resource = make_resource(session, make_event(session, school), teacher)
    return make_slot(session, resource, at=DAY_BEFORE + timedelta(minutes=5))


def days(playing: Scene) -> set[str]:
    """On which the times of the teacher are now."""
    with playing.database.reading() as session:
        walls = session.exec(select(Slot.wall_start).where(col(Slot.event_id) == playing.event.id))
        return {wall[:10] for wall in walls}


@pytest.mark.both_databases
def test_a_time_that_is_booked_while_all_are_moved_goes_along_or_is_not_booked(playing: Scene) -> None:
    """RELIABILITY 2.8, I6: nobody has a time on a day that they did not choose and were not told of."""
    moved, was_booked = came(*at_once(move_all(playing), playing.book(2, 2)))

    assert (moved, was_booked) in {(None, None), (None, SlotChanged)}
    assert playing.holders() == {0: 0, 1: 1} | ({2: 2} if was_booked is None else {})
    assert days(playing) == {DAY_BEFORE.date().isoformat()}
    assert playing.is_sound


@pytest.mark.both_databases
def test_what_a_family_cancels_while_all_is_moved_is_cancelled_before_or_after(playing: Scene) -> None:
    assert came(*at_once(move_all(playing), playing.cancel(0))) == [None, None]

    assert playing.holders() == {1: 1}
    assert days(playing) == {DAY_BEFORE.date().isoformat()}
    assert playing.is_sound


@pytest.mark.both_databases
def test_a_family_that_moves_while_all_is_moved_goes_along_or_keeps_its_time(playing: Scene) -> None:
    """RELIABILITY I8"""
    moved, one = came(*at_once(move_all(playing), playing.move(0, 2)))

    assert (moved, one) in {(None, None), (None, SlotChanged)}
    assert playing.holders() == {1: 1} | ({2: 0} if one is None else {0: 0})
    assert days(playing) == {DAY_BEFORE.date().isoformat()}
    assert playing.is_sound


@pytest.mark.both_databases
def test_a_family_that_books_elsewhere_where_all_is_moved_to_has_one_of_the_two(playing: Scene) -> None:
    """RELIABILITY I2, I4: and neither is told to come again, for nobody waits in a circle."""
    with playing.database.transaction() as session:
        slot = time_elsewhere(session, playing.event.school_id, playing.families[0][1])

    moved, elsewhere = at_once(move_all(playing), book_elsewhere(playing, slot))

    assert isinstance(moved, SlotCounts)
    assert type(elsewhere) in {list, TimeClash}
    stays = [kept.reason for kept in moved.kept]
    assert stays == ([FAMILY_ELSEWHERE] if isinstance(elsewhere, list) else [])
    assert playing.holders() == {0: 0, 1: 1}
    assert wrong_in(playing.database) == {}


@pytest.mark.both_databases
def test_two_who_move_all_at_once_move_it_once(playing: Scene) -> None:
    moved = at_once(move_all(playing), move_all(playing))

    assert sorted(counts.slots for counts in moved if isinstance(counts, SlotCounts)) == [0, 4]
    assert playing.holders() == {0: 0, 1: 1}
    assert playing.is_sound


@pytest.mark.both_databases
def test_a_family_that_moves_while_all_is_blocked_is_there_before_or_stays(playing: Scene) -> None:
    """RELIABILITY I6"""
    blocked, one = came(*at_once(block_all(playing), playing.move(0, 2)))

    assert (blocked, one) in {(None, None), (None, NotOffered)}
    assert playing.holders() == {1: 1} | ({2: 0} if one is None else {0: 0})
    assert playing.is_sound


@pytest.mark.both_databases
def test_what_a_family_cancels_while_all_is_cancelled_is_cancelled_once(playing: Scene) -> None:
    result, one = at_once(cancel_all(playing), playing.cancel(0))

    assert isinstance(result, Result)
    assert (result.changed, result.left) == ((1, 1) if one is None else (2, 0))
    assert one is None or isinstance(one, AlreadyCancelled)
    assert playing.holders() == {}
    assert playing.is_sound


@pytest.mark.both_databases
def test_what_a_family_moves_while_all_is_cancelled_is_cancelled_where_it_is(playing: Scene) -> None:
    result, one = at_once(cancel_all(playing), playing.move(0, 2))

    assert result == Result(DELETE, 2, 0)
    assert one is None or isinstance(one, AlreadyCancelled)
    assert playing.holders() == {}
    assert playing.is_sound


@pytest.mark.parametrize("has_key", [True, False])
def test_the_key_of_minutes_refuses_a_bulk_move_and_without_it_a_family_is_in_two_places(
    lent: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, has_key: bool
) -> None:
    """The control, as if the office had looked before the family had booked. It is told who is where."""
    with lent.transaction() as session:
        evening = Evening(session, now)
        evening.book(evening.slot(kind="P"))
        slot = time_elsewhere(session, evening.school.id or 0, evening.mia)
        booked(session, evening.alice, evening.mia, slot, now=now)
    if not has_key:
        loosen(lent, *without_key("occupancy"))
    monkeypatch.setattr(move_plan, "in_the_way", lambda *_: {})

    [came_of_it] = at_once(in_transaction(lent, evening.event, now))

    if has_key:
        assert isinstance(came_of_it, PeopleElsewhere)
        assert came_of_it.values["teacher"] == "Folake Adeyemi"
        assert "4:00" in came_of_it.values["time"]
        assert wrong_in(lent) == {}
    else:
        assert isinstance(came_of_it, SlotCounts)
        assert wrong_in(lent) == {"parents in two places": 1, "students in two places": 1}


def in_transaction(database: Database, event: Event, now: datetime) -> Deed:
    def deed() -> SlotCounts:
        with database.transaction() as session:
            return moved_all(session, event, now=now)

    return deed


@pytest.mark.postgres
@pytest.mark.parametrize("lent", ["postgresql"], indirect=True)
@pytest.mark.parametrize("waits", [True, False])
def test_a_bulk_move_waits_for_a_family_that_is_booking_and_without_its_turn_it_is_refused_for_it(
    lent: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """The control of `take_turns`. SQLite has one writer anyway."""
    with lent.transaction() as session:
        evening = Evening(session, now)
        evening.book(evening.slot(kind="P"))
        slot = time_elsewhere(session, evening.school.id or 0, evening.mia)
    if not waits:
        monkeypatch.setattr(move_slots, "take_turns", lambda *_: None)
    has_booked = threading.Event()

    def family() -> None:
        with lent.transaction() as session:
            booked(session, evening.alice, evening.mia, slot, now=now)
            has_booked.set()
            until_somebody_waits(lent)

    def office() -> SlotCounts:
        assert has_booked.wait(10)
        return in_transaction(lent, evening.event, now)()  # type: ignore[return-value]

    _, moved = at_once(family, office)

    if waits:
        assert isinstance(moved, SlotCounts)
        assert [kept.reason for kept in moved.kept] == [FAMILY_ELSEWHERE]
    else:
        assert isinstance(moved, PeopleElsewhere)
    assert wrong_in(lent) == {}
