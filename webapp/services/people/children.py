"""Tie a child to a parent who knows the student ID and the security value that the school gave out."""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Contact, Student
from webapp.services.people.families import link
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.rate import tries


class NoSuchChild(Invalid):
    message = N_("No child with this ID and security value. Check both, or ask the school office.")
    field = "student_ref"


def may_try(session: Session, contact: Contact, *, now: datetime) -> bool:
    """Ten tries an hour: security values are often birth dates. Count before looking, and commit."""
    return tries(session, f"claim child {contact.id}", per=timedelta(hours=1), now=now) <= 10


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
    link(session, contact, student, who=who, now=now)
    return student


def note_refusal(session: Session, contact: Contact, *, who: Who, now: datetime) -> None:
    """For the Log of the contact, where the office sees who guesses; nothing of what was typed."""
    subject = f"contact {contact.id}"
    audit.record(session, "guardian.refused", who=who, school_id=contact.school_id, subject=subject, now=now)


def _folded(value: str) -> str:
    """05/04/2016, 05-04-2016 and 5 4 2016 are typed for the same date."""
    parts = "".join(c if c.isalnum() else " " for c in value.casefold()).split()
    return " ".join(part.lstrip("0") if part.isdigit() else part for part in parts)
