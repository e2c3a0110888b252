"""Keep the students of the roster, and the twins by which separated parents each book for their child."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Class, ClassTeacher, Contact, Enrolment, Student
from webapp.services.people.contacts import Taken, Words, without_control
from webapp.services.system import audit
from webapp.services.system.audit import Who

LONGEST_REF = 255


class StudentInput(BaseModel):
    """`security_value` is what a parent types to claim the child; empty means that nobody can."""

    model_config = ConfigDict(str_strip_whitespace=True)

    first: Words = ""
    last: Words = ""
    student_ref: Annotated[str, Field(min_length=1, max_length=LONGEST_REF), AfterValidator(without_control)]
    security_value: Words = ""
    grade: Annotated[str, Field(max_length=60), AfterValidator(without_control)] = ""


def student_of(session: Session, school_id: int, student_id: int, *, locked: bool = False) -> Student:
    """Raises NotFound for another school's."""
    query = select(Student).where(col(Student.id) == student_id, col(Student.school_id) == school_id)
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    student: Student | None = session.execute(query).scalar_one_or_none()
    if student is None:
        raise NotFound
    return student


def student_by_ref(session: Session, school_id: int, ref: str) -> Student | None:
    query = select(Student).where(col(Student.school_id) == school_id, col(Student.student_ref) == ref)
    student: Student | None = session.execute(query).scalar_one_or_none()
    return student


def add_student(session: Session, school_id: int, typed: StudentInput, *, who: Who, now: datetime) -> Student:
    """Raises Taken for a StudentID that is in use."""
    student = Student(school_id=school_id, student_ref=typed.student_ref)
    _fill(session, student, typed)
    _record(session, student, "student.add", who=who, now=now)
    return student


def save_student(session: Session, student: Student, typed: StudentInput, *, who: Who, now: datetime) -> None:
    """Raises Taken for a StudentID that another student has."""
    _fill(session, student, typed)
    _record(session, student, "student.change", who=who, now=now)


def clone_student(session: Session, student: Student, *, who: Who, now: datetime) -> Student:
    """A twin in the same classes, with `*` after the ID (PRODUCT 1.11). Its parents are tied to it apart."""
    ref = f"{student.student_ref}*"
    while student_by_ref(session, student.school_id, ref):
        ref += "*"
    if len(ref) > LONGEST_REF:
        raise Invalid(N_("This StudentID is too long for another twin."))
    copied = ("school_id", "first", "last", "security_value", "grade")
    twin = Student(student_ref=ref, **{name: getattr(student, name) for name in copied})
    session.add(twin)
    session.flush()
    classes = select(col(Enrolment.class_id)).where(col(Enrolment.student_id) == student.id)
    for class_id in session.execute(classes).scalars().all():
        session.add(Enrolment(class_id=class_id, student_id=twin.id or 0, school_id=student.school_id))
    _record(session, twin, "student.clone", who=who, now=now, of=student.id)
    return twin


def classes_of(session: Session, student: Student) -> list[tuple[Class, str]]:
    """The student's classes, each with the names of its teachers in order, in two queries."""
    mine = select(col(Enrolment.class_id)).where(col(Enrolment.student_id) == student.id)
    query = select(Class).where(col(Class.id).in_(mine)).order_by(col(Class.name), col(Class.class_ref))
    classes = session.execute(query).scalars().all()
    teachers: dict[int, list[str]] = {}
    pairs = (
        select(col(ClassTeacher.class_id), Contact)
        .join(Contact, col(Contact.id) == col(ClassTeacher.contact_id))
        .where(col(ClassTeacher.class_id).in_(mine))
        .order_by(col(ClassTeacher.position), col(Contact.id))
    )
    for class_id, teacher in session.execute(pairs):
        teachers.setdefault(class_id, []).append(teacher.name)
    return [(row, ", ".join(teachers.get(row.id or 0, []))) for row in classes]


def _fill(session: Session, student: Student, typed: StudentInput) -> None:
    _refuse_taken(session, student, typed.student_ref)
    try:
        with session.begin_nested():
            for name, value in typed.model_dump().items():
                setattr(student, name, value)
            session.add(student)
            session.flush()
    except IntegrityError:
        # Somebody was quicker: say who.
        _refuse_taken(session, student, typed.student_ref)
        raise


def _refuse_taken(session: Session, student: Student, ref: str) -> None:
    holder = student_by_ref(session, student.school_id, ref)
    if holder is not None and holder.id != student.id:
        raise Taken(N_("%(holder)s has this StudentID already."), field="student_ref", holder=holder.name)


def _record(session: Session, student: Student, action: str, *, who: Who, now: datetime, of: int | None = None) -> None:
    detail = {} if of is None else {"of": of}
    subject = f"student {student.id}"
    audit.record(session, action, who=who, school_id=student.school_id, subject=subject, now=now, **detail)
