"""Choose for whom codes are printed on slips: a student, a class, or everybody of the roster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, delete, func, select
from sqlmodel import Session, col

from webapp.documents.slips import Slip
from webapp.errors import N_, Invalid
from webapp.models import ClaimCode, Class, Enrolment, School, Student
from webapp.models.base import table_of
from webapp.services.people.claim_codes import codes_of
from webapp.services.people.contacts import Language
from webapp.services.people.name_order import by_name
from webapp.services.people.students import student_of
from webapp.services.system import audit
from webapp.services.system.audit import Who

MOST_PRINTED = 6000


class NobodyMeant(Invalid):
    message = N_("There is no student to print a code for.")


class TooManyCodes(Invalid):
    """Values: number."""

    message = N_("One file holds the codes of up to %(number)s students. Print them class by class.")


class CodesInput(BaseModel):
    """For one student, for a class, or for the whole roster; in the language that the families read."""

    student: int | None = Field(default=None, ge=1, le=2147483647)
    class_id: int | None = Field(default=None, ge=1, le=2147483647)
    language: Language = "en"
    renew: bool = False

    @property
    def subject(self) -> str:
        if self.student:
            return f"student {self.student}"
        return f"class {self.class_id}" if self.class_id else ""


@dataclass(frozen=True)
class Choice:
    """The classes with their number of students, and how many the roster has in all."""

    classes: Sequence[tuple[Class, int]]
    total: int


def choice_of(session: Session, school_id: int) -> Choice:
    """Two queries. Who has left the roster needs no code."""
    here = (col(Student.school_id) == school_id, col(Student.absent_since).is_(None))
    sit = (
        select(Class, func.count(col(Student.id)))
        .join(Enrolment, col(Enrolment.class_id) == col(Class.id))
        .join(Student, col(Student.id) == col(Enrolment.student_id))
        .where(*here)
        .group_by(*table_of(Class).c)
        .order_by(col(Class.name), col(Class.class_ref))
    )
    total: int = session.execute(select(func.count(col(Student.id))).where(*here)).scalar_one()
    return Choice([(row, n) for row, n in session.execute(sit)], total)


def code_row(session: Session, student: Student) -> ClaimCode | None:
    """Since when the student's code is good, and how many have used it."""
    return session.get(ClaimCode, student.id)


def slips_of(session: Session, school: School, typed: CodesInput, *, who: Who, now: datetime) -> list[Slip]:
    """By name, each with its code. Raises NobodyMeant, also for another school's class; TooManyCodes; NotFound for
    another school's student."""
    assert school.id is not None
    meant = _meant(session, school.id, typed)
    query = select(Student).where(*meant).order_by(*by_name(Student)).limit(MOST_PRINTED + 1)
    students = session.execute(query).scalars().all()
    if not students:
        raise NobodyMeant
    if len(students) > MOST_PRINTED:
        raise TooManyCodes(number=MOST_PRINTED)
    if typed.renew:
        theirs = select(col(Student.id)).where(*meant)
        session.execute(delete(ClaimCode).where(col(ClaimCode.student_id).in_(theirs)))
    codes = codes_of(session, school.id, [student.id or 0 for student in students], now=now)
    detail = {"students": len(students), "renewed": typed.renew}
    audit.record(session, "codes.print", who=who, school_id=school.id, subject=typed.subject, now=now, **detail)
    return [Slip(student.listed_name, student.grade, codes[student.id or 0]) for student in students]


def _meant(session: Session, school_id: int, typed: CodesInput) -> list[ColumnElement[bool]]:
    where = [col(Student.school_id) == school_id]
    if typed.student:
        return [*where, col(Student.id) == student_of(session, school_id, typed.student).id]
    where.append(col(Student.absent_since).is_(None))
    if typed.class_id:
        sits = select(col(Enrolment.student_id)).where(col(Enrolment.class_id) == typed.class_id)
        where.append(col(Student.id).in_(sits))
    return where
