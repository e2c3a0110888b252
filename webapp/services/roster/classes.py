"""Add a class to the school's roster by hand, and remove one that no coming appointment is for."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field
from sqlalchemy import false, func, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError
from webapp.models import Appointment, Class, ClassTeacher, Contact, Enrolment, Slot
from webapp.services.booking.over_limit import hold_bookings
from webapp.services.people.staff import staff_besides
from webapp.services.roster.class_editor import ClassInput, add_class_teacher, fill_class
from webapp.services.system import audit
from webapp.services.system.audit import Who


class NewClass(ClassInput):
    """With its first teacher, where one was chosen; others and the students follow on the page of the class."""

    teacher: int | None = Field(default=None, ge=1, le=2147483647)


class Needed(DomainError):
    """Values: name, n."""

    message = N_("%(name)s has coming appointments: %(n)s. Cancel or move them first. Nothing was removed.")


@dataclass(frozen=True)
class Going:
    """What a class takes along: ties only, for its students, teachers and appointments stay. `coming` forbid it."""

    students: int
    teachers: int
    past: int
    coming: int


def teachers_to_choose(session: Session, school_id: int) -> list[Contact]:
    return staff_besides(session, school_id, select(col(Contact.id)).where(false()))


def add_class(session: Session, school_id: int, typed: NewClass, *, who: Who, now: datetime) -> Class:
    """Raises Taken for a ClassID that is in use, NotFound for a teacher who is not of the staff."""
    row = Class(school_id=school_id, class_ref=typed.class_ref)
    fill_class(session, row, typed)
    audit.record(session, "class.add", who=who, school_id=school_id, subject=f"class {row.id}", now=now)
    if typed.teacher is not None:
        add_class_teacher(session, row, typed.teacher, who=who, now=now)
    return row


def what_goes(session: Session, row: Class, *, now: datetime) -> Going:
    students = select(func.count(col(Enrolment.student_id))).where(col(Enrolment.class_id) == row.id)
    teachers = select(func.count(col(ClassTeacher.contact_id))).where(col(ClassTeacher.class_id) == row.id)
    is_past = col(Slot.ends_at) <= now
    booked = (
        select(func.count(col(Appointment.id)).filter(is_past), func.count(col(Appointment.id)).filter(~is_past))
        .select_from(Appointment)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.class_id) == row.id, col(Appointment.cancelled_at).is_(None))
    )
    numbers = [session.execute(query).scalar_one() for query in (students, teachers)]
    return Going(*numbers, *session.execute(booked).one())


def remove_class(session: Session, row: Class, *, who: Who, now: datetime) -> None:
    """Whoever books for it meanwhile comes before, and then it stays. Raises Needed."""
    hold_bookings(session, row.school_id)
    if coming := what_goes(session, row, now=now).coming:
        raise Needed(name=row.name or row.class_ref, n=coming)
    session.delete(row)
    session.flush()
    audit.record(session, "class.remove", who=who, school_id=row.school_id, subject=f"class {row.id}", now=now)
