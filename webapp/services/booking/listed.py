"""List the appointments that a member of staff may see: by event, day, teacher, state or name, in any order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, NotFound
from webapp.models import Appointment, Contact, Event, Grant, Level, Resource, ResourceMember, Slot, Student
from webapp.services.booking.agenda import Entry, agenda
from webapp.services.booking.questions import answers_of
from webapp.services.event.listing import listed_events
from webapp.services.event.own_schedule import own_events
from webapp.services.event.report import days_of, on_day
from webapp.services.event.report_table import letters
from webapp.services.event.slots import stands
from webapp.services.people.folding import holds

PER_PAGE = 100

Within = Collection[int] | None
"""Events (ids) beyond which nothing is in reach; None where there is no such bound."""

STANDING, RED, IN_PROGRESS, CANCELLED = "standing", "red", "in-progress", "cancelled"
STATES = {
    STANDING: N_("Standing"),
    RED: N_("With a problem"),
    IN_PROGRESS: N_("Being booked"),
    CANCELLED: N_("Cancelled"),
}
COLUMNS = {
    "time": N_("Time"),
    "event": N_("Event"),
    "teacher": N_("Teacher"),
    "parent": N_("Parent"),
    "student": N_("Student"),
    "state": N_("State"),
}


@dataclass(frozen=True)
class Asked:
    """`event_id` None means all events; a day and a teacher count with an event only. `words` are of a name or an
    address."""

    event_id: int | None = None
    day: date | None = None
    resource_id: int | None = None
    state: str = STANDING
    sort: str = "time"
    page: int = 1
    words: str = ""


@dataclass(frozen=True)
class Listed:
    """A page of what was found. `events`, `days` and `teachers` are those to choose from; `answers` are the questions
    with what families answered, by appointment (id); `changeable` those of the page that the reader may change."""

    asked: Asked
    entries: tuple[Entry, ...]
    total: int
    page: int
    events: tuple[Event, ...]
    event: Event | None
    days: tuple[date, ...]
    teachers: tuple[tuple[int, str], ...]
    answers: Mapping[int, Sequence[tuple[str, str]]] = field(default_factory=dict)
    changeable: Collection[int] = ()

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))

    @property
    def first(self) -> int:
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1

    def next_sort(self, column: str) -> str:
        """What a click on the column's heading asks for: up first, then down."""
        return f"-{column}" if self.asked.sort == column else column

    def direction(self, column: str) -> str:
        return {column: "ascending", f"-{column}": "descending"}.get(self.asked.sort, "none")


def events_in_reach(session: Session, contact: Contact, within: Within = None) -> list[Event]:
    """In which there may be appointments that the contact sees; newest first."""
    found = {event.id: event for event in own_events(session, contact, within=within)}
    if contact.level >= Level.RESOURCE_ADMINISTRATOR:
        found |= {one.event.id: one.event for one in listed_events(session, contact, in_part=True, within=within)}
    return sorted(found.values(), key=lambda event: (event.created_at, event.id or 0), reverse=True)


def in_reach(contact: Contact, within: Within = None, *, to_change: bool = False) -> ColumnElement[bool]:
    """Appointments that the contact sees: an Administrator all, others what was granted to them and their own as
    teachers; `to_change` those that they move and cancel (PRODUCT 1.6). Those of a deleted event, whose row goes
    later, are nobody's."""
    deleted = select(col(Event.id)).where(col(Event.school_id) == contact.school_id, col(Event.deleted_at).is_not(None))
    here = and_(col(Appointment.school_id) == contact.school_id, col(Appointment.event_id).not_in(deleted))
    if within is not None:
        here = and_(here, col(Appointment.event_id).in_(within))
    if contact.level == Level.ADMINISTRATOR:
        return here
    mine = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id) == contact.id)
    reach = [] if to_change else [col(Appointment.resource_id).in_(mine)]
    if contact.level >= Level.RESOURCE_ADMINISTRATOR:
        reach += [col(getattr(Appointment, name)).in_(_granted(contact, name)) for name in ("event_id", "resource_id")]
    return and_(here, or_(False, *reach))


def red_count(session: Session, contact: Contact, within: Within = None) -> int:
    """For the mark in the navigation."""
    where = (in_reach(contact, within), col(Appointment.problem).is_not(None), col(Appointment.cancelled_at).is_(None))
    number: int = session.execute(select(func.count()).select_from(Appointment).where(*where)).scalar_one()
    return number


def list_appointments(
    session: Session, contact: Contact, asked: Asked, *, within: Within = None, now: datetime
) -> Listed:
    """A fixed number of queries. Raises NotFound for an event that the contact has no part in."""
    events, reach = events_in_reach(session, contact, within), in_reach(contact, within)
    event = _chosen(events, asked)
    found = _found(session, reach, event, asked, now=now)
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(asked.page, 1), pages)
    numbers = [row.id for row in found[(page - 1) * PER_PAGE : page * PER_PAGE]]
    entries = {entry.id: entry for entry in agenda(session, col(Appointment.id).in_(numbers))}
    days = days_of(session, event) if event else ()
    teachers = _teachers(session, reach, event) if event else ()
    shown = tuple(entries[number] for number in numbers)
    answers = answers_of(session, numbers)
    theirs = _changeable(session, contact, within, numbers)
    return Listed(asked, shown, len(found), page, tuple(events), event, days, teachers, answers, theirs)


def found_ids(session: Session, contact: Contact, asked: Asked, *, within: Within = None, now: datetime) -> list[int]:
    """All that a list shows, of which the contact may change each."""
    event = _chosen(events_in_reach(session, contact, within), asked)
    return [row.id for row in _found(session, in_reach(contact, within, to_change=True), event, asked, now=now)]


def entries_to_change(session: Session, contact: Contact, numbers: Sequence[int], within: Within = None) -> list[Entry]:
    """Those that stand, by time. Raises NotFound for one that the contact may not change."""
    if _changeable(session, contact, within, numbers) != set(numbers):
        raise NotFound
    is_standing = (col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))
    return agenda(session, col(Appointment.id).in_(numbers), *is_standing)


def _changeable(session: Session, contact: Contact, within: Within, numbers: Sequence[int]) -> set[int]:
    reach = in_reach(contact, within, to_change=True)
    query = select(col(Appointment.id)).where(col(Appointment.id).in_(numbers), reach)
    return {number for number in session.execute(query).scalars() if number}


def _chosen(events: Sequence[Event], asked: Asked) -> Event | None:
    if asked.event_id is None:
        return None
    for event in events:
        if event.id == asked.event_id:
            return event
    raise NotFound


def _found(
    session: Session, reach: ColumnElement[bool], event: Event | None, asked: Asked, *, now: datetime
) -> list[Any]:
    """Names are compared here, since databases fold accents differently."""
    query = _ROWS.where(reach, _of_state(asked.state, now))
    if event is not None:
        query = query.where(col(Appointment.event_id) == event.id)
        if asked.day is not None:
            query = query.where(on_day(event, asked.day))
        if asked.resource_id is not None:
            query = query.where(col(Appointment.resource_id) == asked.resource_id)
    rows = session.execute(query).all()
    if asked.words.strip():
        rows = [row for row in rows if holds(_names(row), asked.words)]
    column = asked.sort.removeprefix("-")
    if column not in COLUMNS:
        return list(rows)
    return sorted(rows, key=_ORDERS[column], reverse=asked.sort.startswith("-"))


def _of_state(state: str, now: datetime) -> ColumnElement[bool]:
    if state == CANCELLED:
        return and_(col(Appointment.cancelled_at).is_not(None), col(Appointment.held_until).is_(None))
    if state == IN_PROGRESS:
        return and_(stands(now), col(Appointment.held_until).is_not(None))
    if state == RED:
        return and_(stands(now), col(Appointment.problem).is_not(None))
    return stands(now)


def _teachers(session: Session, reach: ColumnElement[bool], event: Event) -> tuple[tuple[int, str], ...]:
    """Those of whose appointments the contact sees some."""
    seen = select(col(Appointment.resource_id)).where(col(Appointment.event_id) == event.id, reach)
    query = select(col(Resource.id), col(Resource.name)).where(col(Resource.id).in_(seen))
    rows = session.execute(query.order_by(col(Resource.position), col(Resource.id)))
    return tuple((row.id, row.name) for row in rows)


def _granted(contact: Contact, name: str) -> Any:
    column = col(getattr(Grant, name))
    return select(column).where(col(Grant.contact_id) == contact.id, column.is_not(None))


def _names(row: Any) -> str:
    return " ".join((row.first, row.last, row.email or "", row.child_first or row.child_name, row.child_last or ""))


_ORDERS: dict[str, Any] = {
    "time": lambda row: row.starts_at,
    "event": lambda row: letters(row.event),
    "teacher": lambda row: letters(row.teacher),
    "parent": lambda row: (letters(row.last), letters(row.first)),
    "student": lambda row: (letters(row.child_last or row.child_name), letters(row.child_first or "")),
    "state": lambda row: (row.problem is None, row.held_until is None),
}
_ROWS: Any = (
    select(
        *(col(getattr(Appointment, name)) for name in "id child_name problem held_until".split()),
        col(Slot.starts_at),
        col(Event.name).label("event"),
        col(Resource.name).label("teacher"),
        *(col(getattr(Contact, name)) for name in "first last email".split()),
        col(Student.first).label("child_first"),
        col(Student.last).label("child_last"),
    )
    .select_from(Appointment)
    .join(Slot, col(Slot.id) == col(Appointment.slot_id))
    .join(Event, col(Event.id) == col(Appointment.event_id))
    .join(Resource, col(Resource.id) == col(Appointment.resource_id))
    .join(Contact, col(Contact.id) == col(Appointment.contact_id))
    .outerjoin(Student, col(Student.id) == col(Appointment.student_id))
    .order_by(col(Slot.starts_at), col(Appointment.id))
)
