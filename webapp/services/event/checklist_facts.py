"""Count what the checklist of an event speaks of: a fixed number of queries, however large the school."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlmodel import Session, col

from webapp.models import (
    Appointment,
    Class,
    ClassTeacher,
    Contact,
    Enrolment,
    Event,
    Guardian,
    Resource,
    ResourceMember,
    Student,
)
from webapp.services.booking.agenda import standing
from webapp.services.event.class_list import left_out
from webapp.services.message.default_texts import OfficeText
from webapp.services.message.texts import texts_of
from webapp.services.people.notified import administrators_of, chosen_addresses


@dataclass(frozen=True)
class Students:
    """Of the roster. `unreachable` have neither a parent with an email nor a Security Value; `without_teacher` are in
    no class of a teacher of the event."""

    all: int = 0
    unreachable: int = 0
    without_teacher: int = 0


@dataclass(frozen=True)
class Counted:
    """`no_email` are teachers of the event; `left_out` are classes that nobody of it teaches; `red` are appointments
    with a problem. A Simple PTA event has no
    use for the roster: there it counts nothing."""

    no_email: int
    classes: int
    left_out: int
    students: Students
    texts: Mapping[str, OfficeText]
    notified: int
    administrators: int
    red: int


def count_for(session: Session, event: Event) -> Counted:
    is_simple = event.is_simple
    return Counted(
        no_email=_teachers_without_email(session, event),
        classes=0 if is_simple else _number(session, select(func.count(col(Class.id))).where(_of_school(Class, event))),
        left_out=0 if is_simple else _number(session, select(func.count(col(Class.id))).where(*left_out(event))),
        students=Students() if is_simple else _students(session, event),
        texts=texts_of(session, event.id or 0),
        notified=len(chosen_addresses(session, event.school_id)),
        administrators=len(administrators_of(session, event.school_id)),
        red=_number(session, select(func.count(col(Appointment.id))).where(*_is_red(event))),
    )


def _number(session: Session, query: Any) -> int:
    number: int = session.execute(query).scalar_one()
    return number


def _is_red(event: Event) -> tuple[ColumnElement[bool], ...]:
    return col(Appointment.event_id) == event.id, col(Appointment.problem).is_not(None), standing()


def _of_school(table: Any, event: Event) -> ColumnElement[bool]:
    is_ours: ColumnElement[bool] = col(table.school_id) == event.school_id
    return is_ours


def _teachers_without_email(session: Session, event: Event) -> int:
    query = (
        select(func.count(func.distinct(col(Contact.id))))
        .join(ResourceMember, col(ResourceMember.contact_id) == col(Contact.id))
        .join(Resource, col(Resource.id) == col(ResourceMember.resource_id))
        .where(col(Resource.event_id) == event.id, col(Contact.email).is_(None))
    )
    return _number(session, query)


def _students(session: Session, event: Event) -> Students:
    """Those who are in the school's files."""
    parent = exists().where(
        col(Guardian.student_id) == col(Student.id),
        col(Contact.id) == col(Guardian.contact_id),
        col(Contact.email).is_not(None),
    )
    teacher = (
        exists()
        .where(col(Enrolment.student_id) == col(Student.id))
        .where(col(ClassTeacher.class_id) == col(Enrolment.class_id))
        .where(col(ResourceMember.contact_id) == col(ClassTeacher.contact_id))
        .where(col(Resource.id) == col(ResourceMember.resource_id), col(Resource.event_id) == event.id)
    )
    nobody = (col(Student.security_value) == "") & ~parent
    counts = (func.count(), func.sum(case((nobody, 1), else_=0)), func.sum(case((~teacher, 1), else_=0)))
    query = select(*counts).select_from(Student).where(_of_school(Student, event), col(Student.absent_since).is_(None))
    return Students(*(number or 0 for number in session.execute(query).one()))
