"""Show which times of a teacher a family can choose, and why the others cannot be chosen.

What is shown here is a courtesy; when a time is booked the database decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.models import Appointment, Contact, Event, ResourceMember, Slot
from webapp.models.event.slot import VISIBLE

YOURS, TEACHER_BUSY = "yours", "teacher_busy"


@dataclass(frozen=True)
class Time:
    """A slot as a family sees it. `clash` says why it cannot be chosen: a time of theirs, or one of the teacher's."""

    token: str
    resource_id: int
    starts_at: datetime
    ends_at: datetime
    kind: str
    clash: str | None = None

    def overlaps(self, other: "Time") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True)
class _Busy:
    """Minutes that somebody is already taken: by which slot, or for which resource."""

    slot_id: int
    resource_id: int | None
    starts_at: datetime
    ends_at: datetime


def times_of(
    session: Session,
    event: Event,
    resources: Sequence[int],
    contact: Contact,
    students: Sequence[int],
    *,
    now: datetime,
    besides: int | None = None,
) -> dict[int, list[Time]]:
    """Per resource, the coming times with a free seat, in order; three queries whatever the number of times.

    `besides` is an appointment (id) that is about to give its time back.
    """
    family = _family(session, contact, students, besides, now=now)
    teachers = _teachers(session, resources, besides, now=now)
    times: dict[int, list[Time]] = {resource: [] for resource in resources}
    for row in session.execute(_free_slots(event, resources, now=now)):
        clash = _clash(row, family, teachers)
        times[row.resource_id].append(Time(row.token, row.resource_id, row.starts_at, row.ends_at, row.kind, clash))
    return times


def _clash(row: Any, family: Sequence[_Busy], teachers: Sequence[_Busy]) -> str | None:
    if any(_overlaps(busy, row) for busy in family):
        return YOURS
    elsewhere = (b for b in teachers if b.resource_id == row.resource_id and b.slot_id != row.id)
    return TEACHER_BUSY if any(_overlaps(busy, row) for busy in elsewhere) else None


def _overlaps(busy: _Busy, row: Any) -> bool:
    return bool(busy.starts_at < row.ends_at and row.starts_at < busy.ends_at)


def _free_slots(event: Event, resources: Sequence[int], *, now: datetime) -> Any:
    taken = (
        select(func.count())
        .select_from(Appointment)
        .where(col(Appointment.slot_id) == col(Slot.id), col(Appointment.cancelled_at).is_(None))
        .correlate(Slot)
        .scalar_subquery()
    )
    columns = (Slot.id, Slot.token, Slot.resource_id, Slot.starts_at, Slot.ends_at, Slot.kind)
    return (
        select(*(col(column) for column in columns))
        .where(col(Slot.event_id) == event.id, col(Slot.resource_id).in_(resources))
        .where(col(Slot.removed_at).is_(None), col(Slot.visibility) == VISIBLE)
        .where(col(Slot.starts_at) > now, taken < col(Slot.capacity))
        .order_by(col(Slot.starts_at), col(Slot.id))
    )


def _family(
    session: Session, contact: Contact, students: Sequence[int], besides: int | None, *, now: datetime
) -> list[_Busy]:
    theirs = or_(col(Appointment.contact_id) == contact.id, col(Appointment.student_id).in_(students))
    query = (
        select(col(Slot.id), col(Slot.starts_at), col(Slot.ends_at))
        .join(Appointment, col(Appointment.slot_id) == col(Slot.id))
        .where(theirs, col(Appointment.cancelled_at).is_(None), col(Slot.ends_at) > now)
        .where(col(Appointment.id) != (besides or 0))
    )
    return [_Busy(row.id, None, row.starts_at, row.ends_at) for row in session.execute(query)]


def _teachers(session: Session, resources: Sequence[int], besides: int | None, *, now: datetime) -> list[_Busy]:
    """Where the members of these resources are already booked, in whichever event."""
    asked, booked = aliased(ResourceMember), aliased(ResourceMember)
    query = (
        select(col(Slot.id), col(asked.resource_id), col(Slot.starts_at), col(Slot.ends_at))
        .join(booked, col(booked.contact_id) == col(asked.contact_id))
        .join(Slot, col(Slot.resource_id) == col(booked.resource_id))
        .join(Appointment, col(Appointment.slot_id) == col(Slot.id))
        .where(col(asked.resource_id).in_(resources), col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > now, col(Appointment.id) != (besides or 0))
        .distinct()
    )
    return [_Busy(*row) for row in session.execute(query)]
