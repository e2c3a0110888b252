"""Cancelling frees the time at once, and only once."""

from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_contact
from sqlmodel import Session, col, select

from webapp.db import Database
from webapp.errors import NotFound
from webapp.models import Appointment, Audit, Occupancy
from webapp.services.booking.cancel import appointment_of_event, appointment_of_maker, cancel_appointment
from webapp.services.booking.errors import AlreadyCancelled, AppointmentMoved
from webapp.services.booking.move import move_appointment
from webapp.services.system.audit import SYSTEM, Who

pytestmark = pytest.mark.both_databases


def test_a_cancelled_time_is_free_for_others_at_once(session: Session, now: datetime) -> None:
    """R100: the slot is free again."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    slot = evening.slot()
    [booked] = evening.book(slot)

    evening.cancel(booked)

    assert (booked.cancelled_at, booked.is_standing) == (now, False)
    assert session.exec(select(Occupancy)).all() == []
    assert evening.book(slot, maker=bob, child=ben)


def test_the_second_time_it_is_refused_and_changes_nothing(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot())
    evening.cancel(booked)

    with pytest.raises(AlreadyCancelled):
        evening.cancel(booked, now=now + timedelta(hours=1))

    session.refresh(booked)
    assert booked.cancelled_at == now


def test_who_cancelled_is_written_down_without_names(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot())

    cancel_appointment(session, booked, who=Who(7, evening.teacher.id), now=now)

    entry = session.exec(select(Audit).where(col(Audit.action) == "appointment.cancel")).one()
    assert (entry.login_id, entry.acting_as_id, entry.at) == (7, evening.teacher.id, now)
    assert (entry.subject, entry.school_id) == (f"appointment {booked.id}", evening.school.id)
    assert "Alvarez" not in entry.subject + entry.detail


def test_the_teacher_stays_taken_while_another_seat_of_the_slot_stands(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    slot = evening.slot(capacity=2)
    [first], [second] = evening.book(slot), evening.book(slot, maker=bob, child=ben)

    evening.cancel(first)
    kept = {row.kind for row in session.exec(select(Occupancy)).all()}
    evening.cancel(second)

    assert kept == {"parent", "student", "teacher"}
    assert session.exec(select(Occupancy)).all() == []


def test_only_the_maker_finds_it_by_its_token(session: Session, now: datetime) -> None:
    """Bob is Alice's co-parent, and finds nothing."""
    evening = Evening(session, now)
    bob = make_contact(session, evening.school, "Bob")
    [booked] = evening.book(evening.slot())

    assert appointment_of_maker(session, evening.alice, booked.token) is booked
    for contact, token in ((bob, booked.token), (evening.alice, "nothing"), (evening.alice, "")):
        with pytest.raises(NotFound):
            appointment_of_maker(session, contact, token)


def test_the_office_finds_it_in_its_own_event_and_school_only(session: Session, now: datetime) -> None:
    evening, other = Evening(session, now), Evening(session, now)
    [booked] = evening.book(evening.slot())
    school, event, number = evening.school.id or 0, evening.event.id or 0, booked.id or 0

    assert appointment_of_event(session, school, event, number) is booked
    for ties in (
        (other.school.id or 0, event, number),
        (school, other.event.id or 0, number),
        (school, event, number + 1),
    ):
        with pytest.raises(NotFound):
            appointment_of_event(session, *ties)


def test_who_looked_before_somebody_else_moved_it_is_told_and_nothing_is_left_taken(
    database: Database, now: datetime
) -> None:
    """RELIABILITY 2.8, book/move: the old place's minutes, not the new one's, would be given back."""
    with database.transaction() as session:
        evening = Evening(session, now)
        was, then = evening.slot(), evening.slot()
        [booked] = evening.book(was)
        event = evening.event
    with database.reading() as session:
        seen = session.get_one(Appointment, booked.id)
    with database.transaction() as session:
        mine = session.get_one(Appointment, booked.id)
        move_appointment(session, event, mine, then.token, is_virtual=None, who=SYSTEM, now=now)

    def cancel_what_was_seen() -> None:
        with database.transaction() as session:
            session.add(seen)
            cancel_appointment(session, seen, who=SYSTEM, now=now)

    with pytest.raises(AppointmentMoved):
        cancel_what_was_seen()

    with database.reading() as session:
        held = session.exec(select(Occupancy.slot_id).where(col(Occupancy.kind) == "teacher")).all()
        assert set(held) == {then.id}
        assert session.get_one(Appointment, booked.id).is_standing
