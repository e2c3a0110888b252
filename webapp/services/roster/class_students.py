"""Enrol students in a class, and take them out of it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from webapp.models import Appointment, Class, Enrolment, Slot, Student
from webapp.services.people.folding import holds
from webapp.services.people.name_order import by_name, name_key
from webapp.services.people.once import made_once
from webapp.services.system import audit
from webapp.services.system.audit import Who

PER_PAGE = 100
MOST_FOUND = 20


@dataclass(frozen=True)
class ClassStudents:
    """A page of the students of a class, by name."""

    students: Sequence[Student]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


@dataclass(frozen=True)
class Found:
    """At most `MOST_FOUND` of `total`, by name."""

    students: Sequence[Student]
    total: int


def class_students(session: Session, row: Class, *, page: int) -> ClassStudents:
    """Two queries. A page beyond the last is the last."""
    sits = select(col(Enrolment.student_id)).where(col(Enrolment.class_id) == row.id)
    total: int = session.execute(select(func.count()).select_from(sits.subquery())).scalar_one()
    page = min(max(1, page), max(1, -(-total // PER_PAGE)))
    query = select(Student).where(col(Student.id).in_(sits)).order_by(*by_name(Student))
    some = query.offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return ClassStudents(session.execute(some).scalars().all(), total, page)


def students_found(session: Session, row: Class, words: str) -> Found:
    """Students of the school who are not in the class, by what their name or StudentID holds; two queries, since
    databases fold accents differently."""
    words = words.replace("\0", "").strip()
    if not words:
        return Found((), 0)
    sits = select(col(Enrolment.student_id)).where(col(Enrolment.class_id) == row.id)
    columns: Any = (col(Student.id), col(Student.first), col(Student.last), col(Student.student_ref))
    query = select(*columns).where(col(Student.school_id) == row.school_id, col(Student.id).not_in(sits))
    rows = [one for one in session.execute(query) if holds(f"{one.first} {one.last} {one.student_ref}", words)]
    rows.sort(key=lambda one: (name_key(one.first, one.last), one.id))
    first = [one.id for one in rows[:MOST_FOUND]]
    known = {one.id: one for one in session.execute(select(Student).where(col(Student.id).in_(first))).scalars()}
    return Found([known[number] for number in first], len(rows))


def enrol(session: Session, row: Class, student: Student, *, who: Who, now: datetime) -> None:
    """Once: who sits there already stays."""
    key = (row.id or 0, student.id or 0)
    if session.get(Enrolment, key) is None:
        tie = Enrolment(class_id=key[0], student_id=key[1], school_id=row.school_id)
        made_once(session, tie, lambda: session.get(Enrolment, key))
        _record(session, row, "class.enrol", student, who=who, now=now)


def take_out(session: Session, row: Class, student: Student, *, who: Who, now: datetime) -> int:
    """How many coming appointments in this class stand; they stay."""
    sits = (col(Enrolment.class_id) == row.id, col(Enrolment.student_id) == student.id)
    if session.execute(delete(Enrolment).where(*sits).returning(col(Enrolment.student_id))).first():
        _record(session, row, "class.take_out", student, who=who, now=now)
    theirs = (col(Appointment.class_id) == row.id, col(Appointment.student_id) == student.id)
    query = select(func.count(col(Appointment.id))).join(Slot, col(Slot.id) == col(Appointment.slot_id)).where(*theirs)
    coming = query.where(col(Appointment.cancelled_at).is_(None), col(Slot.ends_at) > now)
    number: int = session.execute(coming).scalar_one()
    return number


def _record(session: Session, row: Class, action: str, student: Student, *, who: Who, now: datetime) -> None:
    subject, detail = f"class {row.id}", {"student": student.id}
    audit.record(session, action, who=who, school_id=row.school_id, subject=subject, now=now, **detail)
