"""Lay out what teachers have booked as Printable Schedules: one for each teacher, day by day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from webapp.documents.itinerary import Itinerary
from webapp.errors import NotFound
from webapp.models import Appointment, Contact, Event, School
from webapp.services.booking.agenda import Entry, agenda, standing, with_teacher
from webapp.services.event.own_schedule import own_times
from webapp.services.event.report import days_of, grouped, on_day, teachers_of
from webapp.services.message.facts import itinerary_of


@dataclass(frozen=True)
class Printable:
    """`days` and `teachers` are those to choose from; `day` and `chosen` the choice, None and empty for all."""

    event: Event
    days: tuple[date, ...]
    day: date | None
    itineraries: tuple[Itinerary, ...]
    teachers: tuple[tuple[int, str], ...] = ()
    chosen: frozenset[int] = frozenset()

    @property
    def total(self) -> int:
        return sum(len(itinerary.lines) for itinerary in self.itineraries)


def printable_of_teachers(
    session: Session, event: Event, *, day: date | None, resource_ids: Collection[int]
) -> Printable:
    """In the order of the event; who has no appointments is left out. A day of which the event knows nothing counts as
    no choice. Raises NotFound for a teacher of another event."""
    teachers, days = teachers_of(session, event), days_of(session, event)
    if not set(resource_ids) <= dict(teachers).keys():
        raise NotFound
    day = day if day in days else None
    where = [col(Appointment.resource_id).in_(resource_ids)] if resource_ids else []
    groups = grouped(_entries(session, event, day, *where), teachers)
    itineraries = _itineraries(session, event, [(group.teacher, group.entries) for group in groups])
    return Printable(event, days, day, itineraries, teachers, frozenset(resource_ids))


def own_printable(session: Session, event: Event, contact: Contact, *, day: date | None) -> Printable:
    """Their own appointments and those of their teams, on one sheet by time."""
    assert contact.id is not None
    days = days_of(session, event, own_times(contact))
    day = day if day in days else None
    entries = _entries(session, event, day, with_teacher(contact.id))
    return Printable(event, days, day, _itineraries(session, event, [(contact.name, entries)] if entries else []))


def _entries(session: Session, event: Event, day: date | None, *where: ColumnElement[bool]) -> Sequence[Entry]:
    of_day = [on_day(event, day)] if day else []
    return agenda(session, col(Appointment.event_id) == event.id, standing(), *of_day, *where)


def _itineraries(
    session: Session, event: Event, of_teachers: Sequence[tuple[str, Sequence[Entry]]]
) -> tuple[Itinerary, ...]:
    school = session.get_one(School, event.school_id)
    return tuple(
        replace(itinerary_of(entries, school=school.name, page=""), recipient=teacher)
        for teacher, entries in of_teachers
    )
