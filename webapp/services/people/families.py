"""Tie parents to students and untie them: the Parent-Student Relationship of the Contacts page."""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Contact, Guardian, Student
from webapp.services.people.name_order import by_name
from webapp.services.people.once import made_once
from webapp.services.people.paging import Looked, Page, first_of, page_of
from webapp.services.people.students import student_by_ref
from webapp.services.system import audit
from webapp.services.system.audit import Who


def children_of(session: Session, contact: Contact, looked: Looked) -> Page[Student]:
    query = (
        select(Student)
        .join(Guardian, col(Guardian.student_id) == col(Student.id))
        .where(col(Guardian.contact_id) == contact.id, col(Student.school_id) == contact.school_id)
        .order_by(*by_name(Student))
    )
    said = (col(Student.first), col(Student.last), col(Student.student_ref))
    return page_of(session, query, looked, by=col(Student.id), said=said, make=first_of)


def parents_of(session: Session, student: Student, looked: Looked) -> Page[Contact]:
    query = (
        select(Contact)
        .join(Guardian, col(Guardian.contact_id) == col(Contact.id))
        .where(col(Guardian.student_id) == student.id, col(Contact.school_id) == student.school_id)
        .order_by(*by_name(Contact))
    )
    said = (col(Contact.first), col(Contact.last), col(Contact.email), col(Contact.parent_ref))
    return page_of(session, query, looked, by=col(Contact.id), said=said, make=first_of)


def student_called(session: Session, school_id: int, ref: str) -> Student:
    """Raises Invalid on "ref" for an ID that nobody has."""
    student = student_by_ref(session, school_id, ref.strip())
    if student is None:
        raise Invalid(N_("No student of your school has this StudentID."), field="ref")
    return student


def parent_called(session: Session, school_id: int, ref: str) -> Contact:
    """By email or ParentID. Raises Invalid on "ref"."""
    typed = ref.strip()
    names = or_(col(Contact.email) == typed.lower(), col(Contact.parent_ref) == typed)
    query = select(Contact).where(col(Contact.school_id) == school_id, names).order_by(col(Contact.id))
    found = session.execute(query).scalars().all()
    if len(found) != 1:
        raise Invalid(N_("No contact of your school has this email or ParentID."), field="ref")
    contact: Contact = found[0]
    return contact


def is_tied(session: Session, contact: Contact, student: Student) -> bool:
    return session.get(Guardian, (contact.id, student.id)) is not None


def link(
    session: Session, contact: Contact, student: Student, *, claimed: bool = False, who: Who, now: datetime
) -> None:
    """Once: who is tied already stays so, as they are. `claimed` by the parent, who may undo it."""
    if is_tied(session, contact, student):
        return
    key = (contact.id or 0, student.id or 0)
    at = now if claimed else None
    row = Guardian(contact_id=key[0], student_id=key[1], school_id=contact.school_id, claimed_at=at)
    made_once(session, row, lambda: session.get(Guardian, key))
    _record(session, contact, student, "guardian.add", who=who, now=now)


def unlink(session: Session, contact: Contact, student: Student, *, who: Who, now: datetime) -> None:
    """What they booked for the child stays; they book no more for it."""
    pair = (col(Guardian.contact_id) == contact.id, col(Guardian.student_id) == student.id)
    if session.execute(delete(Guardian).where(*pair).returning(col(Guardian.student_id))).first():
        _record(session, contact, student, "guardian.remove", who=who, now=now)


def _record(session: Session, contact: Contact, student: Student, action: str, *, who: Who, now: datetime) -> None:
    subject, detail = f"contact {contact.id}", {"student": student.id}
    audit.record(session, action, who=who, school_id=contact.school_id, subject=subject, now=now, **detail)
