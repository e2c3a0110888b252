"""A moved appointment has its old time or its new one, never both and never neither."""

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import EVENING, make_class, make_resource, make_teacher
from sqlalchemy import event
from sqlmodel import Session, col, select
from threads import at_once

from webapp.db import Database
from webapp.errors import Invalid, NotFound
from webapp.models import Appointment, Audit, Class, Occupancy, Slot
from webapp.models.booking.appointment import OVER_LIMIT, SLOT_REMOVED
from webapp.services.booking.errors import AlreadyCancelled, SlotTaken, TeacherBusy, TimeClash, WrongKind
from webapp.services.booking.move import move_appointment
from webapp.services.booking.occupancy import ticks
from webapp.services.booking.over_limit import mark_over_limit
from webapp.services.event.delete_slots import delete_slots
from webapp.services.event.slots import SlotSelection
from webapp.services.system.audit import SYSTEM
from webapp.services.system.invariants import broken

pytestmark = pytest.mark.both_databases


def held(session: Session, kind: str) -> set[int]:
    return set(session.exec(select(Occupancy.tick).where(col(Occupancy.kind) == kind)).all())


def test_the_new_time_is_taken_and_the_old_one_free(session: Session, now: datetime) -> None:
    """R100: the slot is free again, the other one taken."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    was, then = evening.slot(), evening.slot()
    [booked] = evening.book(was)

    evening.move(booked, then)

    assert booked.slot_id == then.id
    for kind in ("parent", "student", "teacher"):
        assert held(session, kind) == set(ticks(then.starts_at, then.ends_at))
    with pytest.raises(SlotTaken):
        evening.book(then, maker=bob, child=ben)
    assert evening.book(was, maker=bob, child=ben)


def test_a_move_is_a_new_act_and_is_written_down(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot())
    act, was, then = booked.act, booked.slot_id, evening.slot()

    evening.move(booked, then, now=now + timedelta(hours=1))

    assert booked.act != act
    assert booked.booked_at == now + timedelta(hours=1)
    entry = session.exec(select(Audit).where(col(Audit.action) == "appointment.move")).one()
    assert entry.detail == f'{{"from_slot": {was}, "to_slot": {then.id}}}'


def test_a_taken_time_is_refused_and_the_old_one_kept(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        evening = Evening(session, now)
        bob, ben = evening.family("Bob", "Ben", evening.teacher)
        was, then = evening.slot(), evening.slot()
        [booked], _ = evening.book(was), evening.book(then, maker=bob, child=ben)

    def move() -> None:
        with database.transaction() as session:
            evening.session = session
            evening.move(session.get_one(Appointment, booked.id), then)

    with pytest.raises(SlotTaken):
        move()

    with database.reading() as session:
        assert session.get_one(Appointment, booked.id).slot_id == was.id
        parents = select(Occupancy.tick).where(col(Occupancy.subject_id) == evening.alice.id)
        minutes = session.exec(parents.where(col(Occupancy.kind) == "parent")).all()
        assert set(minutes) == set(ticks(was.starts_at, was.ends_at))


def test_two_who_want_to_swap_times_are_both_refused(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    one, two = evening.slot(), evening.slot()
    [hers], [his] = evening.book(one), evening.book(two, maker=bob, child=ben)

    for appointment, slot in ((hers, two), (his, one)):
        with session.begin_nested(), pytest.raises(SlotTaken):
            evening.move(appointment, slot)


def test_a_time_that_overlaps_the_old_one_can_be_had(session: Session, now: datetime) -> None:
    """Its own minutes do not stand in its way."""
    evening = Evening(session, now)
    was, then = evening.slot(after=0), evening.slot(after=10)
    [booked] = evening.book(was)

    evening.move(booked, then)

    assert held(session, "teacher") == set(ticks(then.starts_at, then.ends_at))


def test_a_move_into_another_appointment_of_the_family_or_of_the_teacher_is_refused(
    session: Session, now: datetime
) -> None:
    evening = Evening(session, now)
    other = make_teacher(session, evening.school, "Ines", "Ito")
    make_class(session, evening.school, other, evening.mia)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    ito = make_resource(session, evening.event, other)
    [booked] = evening.book(evening.slot(after=0))
    evening.book(evening.slot(ito, after=30))
    evening.book(evening.slot(make_resource(session, evening.event, evening.teacher), after=60), maker=bob, child=ben)

    for after, refusal in ((25, TimeClash), (65, TeacherBusy)):
        with session.begin_nested() as step:
            with pytest.raises(refusal):
                evening.move(booked, evening.slot(after=after))
            step.rollback()


def test_two_who_wait_for_each_other_s_teacher_to_be_free_are_both_told_the_rule(
    database: Database, now: datetime
) -> None:
    """RELIABILITY B1: each gave back what the other wants, and PostgreSQL ends one of the two; nobody is told to come
    back. SQLite has one writer."""
    with database.transaction() as session:
        evening = Evening(session, now)
        bob, ben = evening.family("Bob", "Ben", evening.teacher)
        team = make_resource(session, evening.event, evening.teacher)
        early, late, teams_early, teams_late = (evening.slot(of, after=n) for of in (None, team) for n in (0, 15))
        [hers], [his] = evening.book(late), evening.book(teams_early, maker=bob, child=ben)
    both_gave_back, begun = threading.Barrier(2), Counter[int]()

    @event.listens_for(database.engine, "before_cursor_execute")
    def meet(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO occupancy" in statement and not database.is_sqlite:
            begun[threading.get_ident()] += 1
            if begun[threading.get_ident()] == 1:
                both_gave_back.wait(10)

    def move(appointment: Appointment, slot: Slot) -> None:
        def deed(db: Session) -> None:
            mine = db.get_one(Appointment, appointment.id)
            move_appointment(db, evening.event, mine, slot.token, is_virtual=None, who=SYSTEM, now=now)

        database.carry_out(deed)

    came = at_once(lambda: move(hers, early), lambda: move(his, teams_late))

    assert sorted(begun.values()) == ([] if database.is_sqlite else [1, 2])
    assert [type(refusal) for refusal in came] == [TeacherBusy, TeacherBusy]


def test_only_another_time_of_the_same_teacher_and_event_is_accepted(session: Session, now: datetime) -> None:
    evening, elsewhere = Evening(session, now), Evening(session, now)
    was = evening.slot()
    [booked] = evening.book(was)
    stranger = evening.slot(make_resource(session, evening.event))

    for slot in (was, stranger):
        with pytest.raises(Invalid) as caught:
            evening.move(booked, slot)
        assert caught.value.field == "slot"
    with pytest.raises(NotFound):
        evening.move(booked, elsewhere.slot())


def test_a_cancelled_appointment_cannot_be_moved_back_to_life(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot())
    evening.cancel(booked)

    with pytest.raises(AlreadyCancelled):
        evening.move(booked, evening.slot())


def test_the_kind_is_the_new_slot_s_or_chosen_again(session: Session, now: datetime) -> None:
    """R77: an open one asks."""
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot(kind="V"))

    evening.move(booked, evening.slot(kind="P"))
    in_person = booked.is_virtual
    evening.move(booked, evening.slot(kind="PV"), is_virtual=True)

    assert (in_person, booked.is_virtual) == (False, True)
    with pytest.raises(WrongKind):
        evening.move(booked, evening.slot(kind="PV"))


def test_a_red_appointment_is_well_again_once_moved(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot())
    booked.problem = "slot_removed"

    evening.move(booked, evening.slot())

    assert booked.problem is None


@pytest.mark.parametrize("by_office", [False, True])
def test_what_the_class_allowed_less_of_while_its_slot_was_gone_is_red_for_that_when_moved(
    session: Session, now: datetime, by_office: bool
) -> None:
    """Else `check`, and the nightly backup after it, would find one beyond the class and not marked as such."""
    evening = Evening(session, now)
    school_id, taught = evening.school.id or 0, session.exec(select(Class)).one()
    taught.appointments_allowed = 2
    first, second = evening.book(evening.slot(), evening.slot())
    evening.cancel(first)
    delete_slots(session, evening.event, SlotSelection(dates=[EVENING.date()]), who=SYSTEM, now=now)
    taught.appointments_allowed = 1
    mark_over_limit(session, school_id)
    was, then = evening.again(second).problem, evening.slot()

    told = {"is_virtual": None, "who": SYSTEM, "now": now, "by_office": by_office}
    move_appointment(session, evening.event, evening.again(second), then.token, **told)

    assert (was, evening.again(second).problem) == (SLOT_REMOVED, OVER_LIMIT)
    assert broken(session, now=now) == []
