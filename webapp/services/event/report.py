"""List the standing appointments of an event for the office, teacher by teacher: the report Teachers Schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from webapp.errors import NotFound
from webapp.i18n import local_day
from webapp.models import Appointment, Event, Resource, Slot
from webapp.services.booking.agenda import Entry, agenda, standing
from webapp.services.event.wall_time import day_bounds


@dataclass(frozen=True)
class TeacherGroup:
    """A teacher or team with their appointments by time."""

    resource_id: int
    teacher: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class TeachersSchedule:
    """`days` and `teachers` are those to choose from; `day` and `resource_id` the choice, None for all."""

    event: Event
    days: tuple[date, ...]
    teachers: tuple[tuple[int, str], ...]
    day: date | None
    resource_id: int | None
    groups: tuple[TeacherGroup, ...]

    @property
    def total(self) -> int:
        return sum(len(group.entries) for group in self.groups)


def teachers_schedule(
    session: Session, event: Event, *, day: date | None = None, resource_id: int | None = None
) -> TeachersSchedule:
    """Three queries, however many appointments. A day of which the event knows nothing counts as no choice.

    Raises NotFound for a teacher of another event."""
    teachers, days = teachers_of(session, event), days_of(session, event)
    day = day if day in days else None
    if resource_id is not None and resource_id not in dict(teachers):
        raise NotFound
    where = [col(Appointment.event_id) == event.id, standing()]
    if resource_id is not None:
        where.append(col(Appointment.resource_id) == resource_id)
    if day is not None:
        where.append(on_day(event, day))
    groups = grouped(agenda(session, *where), teachers)
    return TeachersSchedule(event, days, teachers, day, resource_id, groups)


def days_of(session: Session, event: Event, *where: ColumnElement[bool]) -> tuple[date, ...]:
    """The days on which the event has slots, or appointments whose slot was removed."""
    has_appointment = select(col(Appointment.slot_id)).where(col(Appointment.event_id) == event.id, standing())
    shown = col(Slot.removed_at).is_(None) | col(Slot.id).in_(has_appointment)
    query = select(col(Slot.starts_at)).where(col(Slot.event_id) == event.id, shown, *where).distinct()
    return tuple(sorted({local_day(start, event.zone) for start in session.execute(query).scalars()}))


def on_day(event: Event, day: date) -> ColumnElement[bool]:
    start, end = day_bounds(day, event.zone)
    return (col(Slot.starts_at) >= start) & (col(Slot.starts_at) < end)


def teachers_of(session: Session, event: Event) -> tuple[tuple[int, str], ...]:
    query = (
        select(col(Resource.id), col(Resource.name))
        .where(col(Resource.event_id) == event.id)
        .order_by(col(Resource.position), col(Resource.id))
    )
    return tuple((row.id, row.name) for row in session.execute(query))


def grouped(entries: Sequence[Entry], teachers: Sequence[tuple[int, str]]) -> tuple[TeacherGroup, ...]:
    by_teacher: dict[int, list[Entry]] = {number: [] for number, _ in teachers}
    for entry in entries:
        by_teacher[entry.resource_id].append(entry)
    return tuple(
        TeacherGroup(number, name, tuple(by_teacher[number])) for number, name in teachers if by_teacher[number]
    )
