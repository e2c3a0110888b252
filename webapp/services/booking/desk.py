"""Show the office one appointment with what stands in its way, and move it as the office asks."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import NotFound
from webapp.i18n import gettext, local_day
from webapp.models import Appointment, Contact, Event, Meeting, Resource, Slot
from webapp.models.event.slot import EITHER
from webapp.models.system.wished import PRESENT
from webapp.services.booking.agenda import Entry, agenda, standing
from webapp.services.booking.book_for import wanted_kind
from webapp.services.booking.cancel import appointment_of_event
from webapp.services.booking.errors import FamilyBusy, TimeClash
from webapp.services.booking.move import move_appointment
from webapp.services.booking.questions import answers_of
from webapp.services.booking.red import problem_words
from webapp.services.booking.times import times_of
from webapp.services.booking.timetable import Time
from webapp.services.event.slots import stands
from webapp.services.system.audit import Who


@dataclass(frozen=True)
class Desk:
    """`link_problem` says why no link is there yet, `unused_link` what was typed for the teacher and is not shown
    while a provider is on. `times` are free, but for those with a clash; none where nothing can be moved.
    """

    entry: Entry
    link_problem: str
    unused_link: str
    times: tuple[Time, ...]
    answers: list[tuple[str, str]]

    @property
    def day(self) -> date:
        return local_day(self.entry.starts_at, self.entry.zone)

    @property
    def days(self) -> list[tuple[date, list[Time]]]:
        """The times by day."""
        by_day = groupby(self.times, key=lambda time: local_day(time.starts_at, self.entry.zone))
        return [(day, list(times)) for day, times in by_day]

    @property
    def is_standing(self) -> bool:
        return self.entry.cancelled_at is None and self.entry.held_until is None

    @property
    def has_open_kind(self) -> bool:
        return any(time.kind == EITHER for time in self.times)


@dataclass(frozen=True)
class Selected:
    """A red appointment, and the message id of why it is red."""

    entry: Entry
    words: str

    @property
    def is_hidden(self) -> bool:
        return self.entry.is_hidden


def selected_red(
    session: Session, event: Event, number: int | None, *, within: Collection[int] | None
) -> Selected | None:
    """None for what is not red, or not among the resources `within` which the reader works."""
    if number is None:
        return None
    here = (col(Appointment.id) == number, col(Appointment.event_id) == event.id, standing())
    for entry in agenda(session, *here, col(Appointment.problem).is_not(None)):
        if within is None or entry.resource_id in within:
            return Selected(entry, problem_words(entry.problem or ""))
    return None


def desk_of(session: Session, event: Event, appointment_id: int, *, now: datetime) -> Desk:
    """Raises NotFound for an appointment of another event."""
    assert event.id is not None
    appointment = appointment_of_event(session, event.school_id, event.id, appointment_id)
    [entry] = agenda(session, col(Appointment.id) == appointment_id)
    typed = session.get_one(Resource, entry.resource_id).virtual_room
    return Desk(
        entry=entry,
        link_problem=_link_problem(session, appointment_id),
        unused_link=typed if entry.is_virtual and entry.has_provider else "",
        times=_times(session, event, appointment, entry, now=now) if appointment.is_standing else (),
        answers=answers_of(session, [appointment_id]).get(appointment_id, []),
    )


def on_slot(session: Session, event: Event, slot_id: int, *, now: datetime) -> list[Entry]:
    """The standing appointments of a slot with room for several. Raises NotFound where there are none."""
    here = (col(Appointment.slot_id) == slot_id, col(Appointment.event_id) == event.id)
    entries = agenda(session, *here, stands(now))
    if not entries:
        raise NotFound
    return entries


def move_at_desk(
    session: Session,
    event: Event,
    appointment: Appointment,
    slot: str,
    *,
    wants_virtual: bool,
    who: Who,
    now: datetime,
) -> None:
    """As `move_appointment`, also to times that families do not see; what is wanted counts where the new slot leaves
    the type open."""
    kind = wanted_kind(session, event, slot, wants_virtual=wants_virtual)
    try:
        move_appointment(session, event, appointment, slot, is_virtual=kind, by_office=True, who=who, now=now)
    except TimeClash as error:
        raise FamilyBusy(time=error.values["time"]) from error


def _times(
    session: Session, event: Event, appointment: Appointment, entry: Entry, *, now: datetime
) -> tuple[Time, ...]:
    maker = session.get_one(Contact, appointment.contact_id)
    students = [appointment.student_id] if appointment.student_id else []
    mine, own = entry.resource_id, session.get_one(Slot, entry.slot_id).token
    found = times_of(session, event, [mine], maker, students, now=now, besides=appointment.id, at_desk=True)[mine]
    return tuple(time for time in found if time.token != own)


def _link_problem(session: Session, appointment_id: int) -> str:
    query = select(Meeting).where(
        col(Meeting.appointment_id) == appointment_id, col(Meeting.replaced_at).is_(None), col(Meeting.wish) == PRESENT
    )
    meeting = session.execute(query).scalar_one_or_none()
    if meeting is None or meeting.problem is None:
        return ""
    return gettext(meeting.problem, **json.loads(meeting.problem_values or "{}"))
