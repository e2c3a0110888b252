"""Read the appointments of one contact, as parent or as teacher, or of one student."""

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col

from webapp.models import Appointment, Contact, Student
from webapp.services.booking.agenda import Entry, agenda, with_teacher


def appointments_of_contact(session: Session, contact: Contact) -> list[Entry]:
    """By time, cancelled ones and holds included; one query."""
    assert contact.id is not None
    theirs = or_(col(Appointment.contact_id) == contact.id, with_teacher(contact.id))
    return agenda(session, theirs, _is_or_was_made())


def appointments_of_student(session: Session, student: Student) -> list[Entry]:
    return agenda(session, col(Appointment.student_id) == student.id, _is_or_was_made())


def _is_or_was_made() -> ColumnElement[bool]:
    """Not what a family held and let go: it never was an appointment."""
    return or_(col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))
