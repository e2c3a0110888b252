"""Students of an import: updated by their ID, deleted only when nothing of theirs is booked."""

from datetime import datetime, timedelta

import pytest
from factories import (
    make_connection,
    make_contact,
    make_event,
    make_guardian,
    make_resource,
    make_slot,
    make_student,
    make_teacher,
    stored,
)
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Appointment, Contact, Guardian, Meeting, School, Slot, Student
from webapp.models.system.wished import ABSENT

HEAD = "StudentID|First|Last|SecurityValue|Action\n"


@pytest.fixture
def mia(session: Session, school: School) -> Student:
    return make_student(session, school, student_ref="S1", grade="4")


def book(session: Session, school: School, student: Student, now: datetime, **values: object) -> Appointment:
    event = make_event(session, school)
    slot = make_slot(session, make_resource(session, event, make_teacher(session, school)))
    parent: Contact = make_contact(session, school)
    ties = {"school_id": school.id, "event_id": event.id, "resource_id": slot.resource_id, "slot_id": slot.id}
    child = {"contact_id": parent.id, "student_id": student.id, "child_key": f"s{student.id}"}
    return stored(session, Appointment(**{**ties, **child, "act": "a", "booked_at": now, **values}))


def test_a_student_is_found_by_the_id_and_updated(session: Session, importer: Importer, mia: Student) -> None:
    report = importer.apply({"s.txt": HEAD + "S1|Mia|Alvarez-Ode|2016-05-05|update\n"})

    assert (report.updated["students"], report.created["students"]) == (1, 0)
    assert (mia.last, mia.security_value) == ("Alvarez-Ode", "2016-05-05")


def test_an_empty_cell_erases_nothing(session: Session, importer: Importer, mia: Student) -> None:
    report = importer.apply({"s.txt": HEAD + "S1|Mia|Alvarez||\n"})

    assert report.unchanged["students"] == 1
    assert (mia.security_value, mia.grade) == ("2016-05-04", "4")


def test_delete_removes_a_student_with_their_ties(
    session: Session, importer: Importer, school: School, mia: Student
) -> None:
    make_guardian(session, make_contact(session, school), mia)

    report = importer.apply({"s.txt": HEAD + "S1||||Delete\n"})
    again = importer.apply({"s.txt": HEAD + "S1||||Delete\n"})

    assert session.exec(select(Student)).all() == session.exec(select(Guardian)).all() == []
    assert (report.updated["students"], report.changes[0].action) == (1, "deleted")
    assert (again.unchanged["students"], again.problems) == (1, [])


def test_a_student_with_a_standing_appointment_is_not_deleted(
    session: Session, importer: Importer, school: School, mia: Student, now: datetime
) -> None:
    book(session, school, mia, now)

    report = importer.apply({"s.txt": HEAD + "S1||||delete\n"})

    assert report.problems[0].message == "S1 still has an appointment and was not deleted. Cancel it first."
    assert (report.left_out, report.updated["students"]) == (1, 0)
    assert session.exec(select(Student)).one() is mia


def test_cancelled_appointments_and_expired_holds_keep_nobody(
    session: Session, importer: Importer, school: School, mia: Student, now: datetime
) -> None:
    book(session, school, mia, now, cancelled_at=now)
    book(session, school, mia, now, held_until=now - timedelta(minutes=1))

    report = importer.apply({"s.txt": HEAD + "S1||||delete\n"})

    assert (report.problems, session.exec(select(Student)).all()) == ([], [])
    assert len(session.exec(select(Appointment)).all()) == 2


def test_what_has_passed_keeps_nobody_as_in_contacts(
    session: Session, importer: Importer, school: School, mia: Student, now: datetime
) -> None:
    appointment = book(session, school, mia, now)
    slot = session.get_one(Slot, appointment.slot_id)
    slot.starts_at, slot.ends_at = now - timedelta(minutes=15), now

    report = importer.apply({"s.txt": HEAD + "S1||||delete\n"})

    assert (report.problems, session.exec(select(Student)).all()) == ([], [])
    assert len(session.exec(select(Appointment)).all()) == 1


def test_nobody_goes_while_a_meeting_of_theirs_is_being_removed(
    session: Session, importer: Importer, school: School, mia: Student, now: datetime
) -> None:
    """Without the student nobody would know whose it was; in some minutes it is gone."""
    make_connection(session, school)
    appointment = book(session, school, mia, now, cancelled_at=now)
    ties = {"school_id": school.id, "appointment_id": appointment.id, "provider": "zoom", "marker": "m"}
    meeting = stored(session, Meeting(**ties, remote_id="77", wish=ABSENT, wished_at=now, due_at=now))

    report = importer.apply({"s.txt": HEAD + "S1||||delete\n"})
    meeting.gone_at = now
    again = importer.apply({"s.txt": HEAD + "S1||||delete\n"})

    assert "S1 are being removed. Import the row again in some minutes." in report.problems[0].message
    assert (report.left_out, again.problems, session.exec(select(Student)).all()) == (1, [], [])


def test_a_hold_that_still_runs_keeps_the_student(
    session: Session, importer: Importer, school: School, mia: Student, now: datetime
) -> None:
    book(session, school, mia, now, held_until=now + timedelta(minutes=1))

    report = importer.apply({"s.txt": HEAD + "S1||||delete\n"})

    assert report.left_out == 1


def test_who_is_deleted_cannot_be_enrolled_by_the_same_import(importer: Importer, mia: Student) -> None:
    report = importer.apply({"s.txt": HEAD + "S1||||delete\n", "e.txt": "StudentID|ClassID\nS1|4A\n"})

    assert report.problems[0].message == "There is no student S1."


def test_an_unknown_action_is_left_out(session: Session, importer: Importer) -> None:
    report = importer.apply({"s.txt": HEAD + "S1|Mia|Alvarez|x|erase\n"})

    assert (report.problems[0].column, report.left_out) == ("Action", 1)
    assert session.exec(select(Student)).all() == []
