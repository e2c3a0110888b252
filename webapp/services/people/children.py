"""Tie a child to a parent who knows the student ID and the security value that the school gave out, and untie it from
one who claimed it by mistake."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import Appointment, Contact, Guardian, Slot, Student
from webapp.services.booking.agenda import is_for_family, standing
from webapp.services.booking.request_key import take_key
from webapp.services.people.families import link, unlink
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.rate import count_try


class NoSuchChild(Invalid):
    message = N_("No child with this ID and security value. Check both, or ask the school office.")
    field = "student_ref"


class ClaimsClosed(DomainError):
    message = N_("The school links children to their parents by itself. Ask the school office.")


class NotClaimed(DomainError):
    message = N_("The school has linked this child to you. Ask the school office if that is wrong.")


class StillBooked(DomainError):
    """Values: child."""

    message = N_("You have an appointment for %(child)s. Cancel it first.")


def count_claim(session: Session, contact: Contact, address: str, *, now: datetime) -> None:
    """By ID or by letter, before anything is looked up. A school's shared address gets more room. Raises
    TooManyTries."""
    count_try(session, f"claim child {contact.id}", limit=10, per=timedelta(hours=1), now=now)
    count_try(session, f"claim child from {address}", limit=300, per=timedelta(hours=1), now=now)


def count_guess(session: Session, school_id: int, student_ref: str, *, now: datetime) -> None:
    """Security values are often birth dates, and whoever guesses one has as many contacts as they like: of one child,
    known or not, so many are heard from all together. Raises TooManyTries."""
    child = f"claim of {school_id} {student_ref.strip()}"
    count_try(session, child, limit=10, per=timedelta(hours=1), now=now)
    count_try(session, f"{child} in a day", limit=30, per=timedelta(days=1), now=now)


def claim_child(
    session: Session, contact: Contact, *, student_ref: str, security_value: str, who: Who, now: datetime
) -> Student:
    """Raises NoSuchChild, the same for an unknown ID and a wrong value."""
    query = select(Student).where(
        col(Student.school_id) == contact.school_id, col(Student.student_ref) == student_ref.strip()
    )
    student: Student | None = session.execute(query).scalar_one_or_none()
    known = _folded(student.security_value) if student else ""
    if not known or not hmac.compare_digest(known.encode(), _folded(security_value).encode()):
        raise NoSuchChild
    assert student is not None
    link(session, contact, student, claimed=True, who=who, now=now)
    return student


def tied_children(session: Session, contact: Contact) -> Sequence[tuple[Student, bool]]:
    """The contact's children by name, and of each whether they claimed it and may let go of it."""
    query = _tied(contact).order_by(col(Student.first), col(Student.last), col(Student.id))
    return [(student, tie.claimed_at is not None) for student, tie in session.execute(query)]


def claimed_child(session: Session, contact: Contact, token: str) -> Student:
    """Raises NotFound for another family's child, NotClaimed for one that the school tied."""
    row = session.execute(_tied(contact).where(col(Student.token) == token)).first()
    if row is None:
        raise NotFound
    student, tie = row
    if tie.claimed_at is None:
        raise NotClaimed
    found: Student = student
    return found


def let_go(session: Session, contact: Contact, token: str, *, key: str, who: Who, now: datetime) -> None:
    """Raises as `claimed_child`, or StillBooked while a coming appointment of theirs is for the child; the same form
    sent again does nothing. Whoever books for it at this moment is first, or finds no such child."""
    if take_key(session, key, "let_go", token, login_id=who.login_id, now=now, result={"done": True}):
        return
    session.get_one(Contact, contact.id, with_for_update={"key_share": True}, populate_existing=True)
    student = claimed_child(session, contact, token)
    booked = (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.contact_id) == contact.id, col(Appointment.student_id) == student.id)
        .where(standing(), is_for_family(), col(Slot.ends_at) > now)
    )
    if session.execute(booked).first():
        raise StillBooked(child=student.name)
    unlink(session, contact, student, who=who, now=now)


def note_refusal(session: Session, contact: Contact, *, who: Who, now: datetime) -> None:
    """For the Log of the contact, where the office sees who guesses; nothing of what was typed."""
    subject = f"contact {contact.id}"
    audit.record(session, "guardian.refused", who=who, school_id=contact.school_id, subject=subject, now=now)


def _tied(contact: Contact):  # type: ignore[no-untyped-def]  # a SELECT of Student and Guardian
    mine = (col(Guardian.contact_id) == contact.id, col(Student.school_id) == contact.school_id)
    return select(Student, Guardian).join(Guardian, col(Guardian.student_id) == col(Student.id)).where(*mine)


def _folded(value: str) -> str:
    """05/04/2016, 05-04-2016 and 5 4 2016 are typed for the same date."""
    parts = "".join(c if c.isalnum() else " " for c in value.casefold()).split()
    return " ".join(part.lstrip("0") if part.isdigit() else part for part in parts)
