"""Take and give back the minutes of people, so that the database refuses a person in two places."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp.models import Appointment, Contact, Occupancy, ResourceMember, Student
from webapp.models.booking.occupancy import TEACHER

# The table itself: many rows in one statement, whose text is made once.
_TABLE: Any = Occupancy.__table__  # type: ignore[attr-defined]  # every table class has it


def ticks(starts_at: datetime, ends_at: datetime) -> range:
    """UTC minutes since 1970, end not included."""
    return range(int(starts_at.timestamp()) // 60, -(-int(ends_at.timestamp()) // 60))


def queue_up(session: Session, contact_id: int, students: Iterable[int | None]) -> None:
    """A family's bookings, from two phones or of two parents, come one after the other: else each might wait for
    minutes that the other holds. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    contact = select(col(Contact.id)).where(col(Contact.id) == contact_id)
    children = select(col(Student.id)).where(col(Student.id).in_(set(students) - {None})).order_by(col(Student.id))
    for rows in (contact, children):
        session.execute(rows.with_for_update(key_share=True)).all()


def take(session: Session, kind: str, subject_id: int, appointment_id: int, minutes: range) -> bool:
    """A parent's or student's minutes, held by the appointment. False if one of them is taken."""
    rows = [_tick(kind, subject_id, tick, appointment_id=appointment_id) for tick in minutes]
    try:
        session.execute(insert(_TABLE), rows)
    except IntegrityError:
        return False
    return True


def take_teachers(session: Session, resource_id: int, slot_id: int, minutes: range) -> bool:
    """The minutes of every member of the resource, held by the slot from its first standing appointment on.

    A second seat of the same slot finds them held by it already. False if another slot holds one.
    """
    members = select(col(ResourceMember.contact_id)).where(col(ResourceMember.resource_id) == resource_id)
    teachers = sorted(session.execute(members).scalars())
    if not teachers:
        return True
    rows = [_tick(TEACHER, teacher, tick, slot_id=slot_id) for teacher in teachers for tick in minutes]
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(_TABLE).on_conflict_do_nothing(), rows)
    return _holders(session, teachers, minutes) == {slot_id}


def release(session: Session, *, appointment_id: int, slot_id: int) -> None:
    """Give back what a cancelled or moved appointment held; the slot's when it was the last standing one."""
    session.execute(delete(Occupancy).where(col(Occupancy.appointment_id) == appointment_id))
    others = select(col(Appointment.id)).where(
        col(Appointment.slot_id) == slot_id,
        col(Appointment.cancelled_at).is_(None),
        col(Appointment.id) != appointment_id,
    )
    if session.execute(others.limit(1)).first() is None:
        session.execute(delete(Occupancy).where(col(Occupancy.slot_id) == slot_id))


def taken_minutes(session: Session, kind: str, subjects: Iterable[int], minutes: range) -> dict[int, set[int]]:
    """Which ticks of a span are taken, by subject: for showing a clash before it bites."""
    rows = select(col(Occupancy.subject_id), col(Occupancy.tick)).where(
        col(Occupancy.kind) == kind,
        col(Occupancy.subject_id).in_(list(subjects)),
        col(Occupancy.tick) >= minutes.start,
        col(Occupancy.tick) < minutes.stop,
    )
    taken: dict[int, set[int]] = {}
    for subject, tick in session.execute(rows):
        taken.setdefault(subject, set()).add(tick)
    return taken


def _holders(session: Session, teachers: Sequence[int], minutes: range) -> set[int | None]:
    held = select(col(Occupancy.slot_id)).where(
        col(Occupancy.kind) == TEACHER,
        col(Occupancy.subject_id).in_(teachers),
        col(Occupancy.tick) >= minutes.start,
        col(Occupancy.tick) < minutes.stop,
        col(Occupancy.lane) == 0,
    )
    return set(session.execute(held.distinct()).scalars())


def _tick(kind: str, subject_id: int, tick: int, **holder: int) -> dict[str, object]:
    nobody = {"appointment_id": None, "slot_id": None}
    return {"kind": kind, "subject_id": subject_id, "tick": tick, "lane": 0, **nobody, **holder}
