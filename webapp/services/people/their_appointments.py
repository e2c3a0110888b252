"""Read the appointments of one contact, as parent or as teacher, or of one student, a page at a time."""

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from webapp.models import Appointment, Contact, Student
from webapp.services.booking.agenda import Entry, newest_first, with_teacher
from webapp.services.people.paging import PER_PAGE, Page, place


def appointments_of_contact(session: Session, contact: Contact, *, page: int = 1) -> Page[Entry]:
    """The latest first, cancelled ones and holds included; two queries."""
    assert contact.id is not None
    theirs = or_(col(Appointment.contact_id) == contact.id, with_teacher(contact.id))
    return _page(session, theirs, page=page)


def appointments_of_student(session: Session, student: Student, *, page: int = 1) -> Page[Entry]:
    return _page(session, col(Appointment.student_id) == student.id, page=page)


def _page(session: Session, theirs: ColumnElement[bool], *, page: int) -> Page[Entry]:
    where = (theirs, _is_or_was_made())
    total: int = session.execute(select(func.count(col(Appointment.id))).where(*where)).scalar_one()
    number, start = place(page, total)
    return Page(newest_first(session, *where, start=start, most=PER_PAGE), total, number)


def _is_or_was_made() -> ColumnElement[bool]:
    """Not what a family held and let go: it never was an appointment."""
    return or_(col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))
