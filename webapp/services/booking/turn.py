"""Let those who book or move wait for each other before they look, so that what they see stays true."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, true
from sqlmodel import Session

from webapp.errors import NotFound
from webapp.models import Appointment, Contact, Event, EventSettings, Guardian, School, Student
from webapp.models.base import table_of
from webapp.models.event.event import SIMPLE_PTA
from webapp.models.event.event_settings import Closing, Limits, Window
from webapp.models.people.student import student_name
from webapp.prepared import Prepared
from webapp.services.booking.family import Child
from webapp.services.system.installation import LIFE


@dataclass(frozen=True)
class Turn:
    """What holds while we book: the event and its settings, the maker's address, the students by token, and whose life
    of the data this is."""

    event_id: int
    school_id: int
    event_name: str
    zone: str
    is_simple: bool
    window: Window
    closing: Closing
    limits: Limits
    asks_questions: bool
    provider: str | None
    maker_id: int
    email: str
    students: dict[str, Child]
    life: str | None


def take_turn(session: Session, event_id: int, maker_id: int, students: Collection[int]) -> Turn:
    """A change of the event's settings waits for this booking, or this for it: neither overlooks the other. A family's
    bookings, from two phones or of two parents, come one after the other: else each might wait for minutes that the
    other holds. SQLite has one writer anyway. Raises NotFound for a student who is gone.
    """
    asked = {"event": event_id, "maker": maker_id, "students": list(students)}
    return _turn(session, _WITH_STUDENTS if students else _ALONE, asked, maker_id, len(students))


def take_turn_at(session: Session, school: str, event: str, maker_id: int, students: Collection[str]) -> Turn:
    """As `take_turn`, by the two short names of an address and the tokens of students, who have to be the maker's."""
    asked = {"school": school, "event": event, "maker": maker_id, "students": list(students)}
    return _turn(session, _AT_WITH_STUDENTS if students else _AT, asked, maker_id, len(students))


def stop_bookings(session: Session, events: Any) -> None:
    """Who books or moves in one of the events (ids, or what selects them) did so before, or waits at its settings and
    then sees what we did: a change of its teams, say, which locks no row that a booking would look at again. Before
    any other lock."""
    settings = select(_SETTINGS.event_id).where(_SETTINGS.event_id.in_(events)).order_by(_SETTINGS.event_id)
    session.execute(settings.with_for_update(key_share=True)).all()


def take_turns(session: Session, event_id: int, slots: Any) -> None:
    """For whoever takes many families' appointments to other times at once: `slots` selects the ids. Who books or
    moves in the event waits at its settings, a family that has one of these appointments waits wherever it books, and
    their children's other parents too; each locked in the order of ids, before any slot is."""
    stop_bookings(session, [event_id])
    standing = (_APPOINTMENT.slot_id.in_(slots), _APPOINTMENT.cancelled_at.is_(None))
    for person, theirs in ((_MAKER, _APPOINTMENT.contact_id), (_STUDENT, _APPOINTMENT.student_id)):
        people = select(person.id).where(person.id.in_(select(theirs).where(*standing))).order_by(person.id)
        session.execute(people.with_for_update(key_share=True)).all()


def _turn(session: Session, query: Prepared, asked: dict[str, Any], maker_id: int, students: int) -> Turn:
    rows = query.all(session, asked)
    if len(rows) != max(1, students):
        raise NotFound
    first = rows[0]
    return Turn(
        event_id=first.event_id,
        school_id=first.school_id,
        event_name=first.event_name,
        zone=first.zone,
        is_simple=first.type == SIMPLE_PTA,
        window=Window(first.opens_at, first.closes_at),
        closing=Closing(first.booking_closes, first.closes_hours, first.closes_days, first.closes_time),
        limits=_limits(first),
        asks_questions=first.asks_questions,
        provider=first.provider,
        maker_id=maker_id,
        email=first.email or "",
        students={row.token: _child(row) for row in rows} if students else {},
        life=first.life,
    )


def _limits(row: Any) -> Limits:
    return Limits(
        per_event=row.max_per_event,
        per_day=row.max_per_day,
        per_child=row.max_per_child,
        once_per_teacher=row.one_per_teacher,
        once_per_class=row.one_per_class,
        gap=0 if row.allows_back_to_back else row.gap_minutes,
    )


def _child(row: Any) -> Child:
    return Child(student_name(row.first, row.last, row.student_ref), f"s{row.id}", row.id, row.token)


_EVENT = table_of(Event).c
_SETTINGS = table_of(EventSettings).c
_MAKER = table_of(Contact).c
_SCHOOL = table_of(School).c
_GUARDIAN = table_of(Guardian).c
_STUDENT = table_of(Student).c
_APPOINTMENT = table_of(Appointment).c
_RULES = """opens_at closes_at provider booking_closes closes_hours closes_days closes_time asks_questions
    max_per_event max_per_day max_per_child one_per_teacher one_per_class allows_back_to_back gap_minutes"""
_TURN = (
    select(
        _EVENT.id.label("event_id"),
        _EVENT.school_id,
        _EVENT.name.label("event_name"),
        _EVENT.zone,
        _EVENT.type,
        *(_SETTINGS[name] for name in _RULES.split()),
        _MAKER.email,
        LIFE.label("life"),
    )
    .select_from(table_of(Event))
    .join(table_of(EventSettings), _SETTINGS.event_id == _EVENT.id)
    .join(table_of(Contact), (_MAKER.id == bindparam("maker")) & (_MAKER.school_id == _EVENT.school_id))
)


def _with_students(query: Any, whose: Any, which: Any, also: str = "") -> Prepared:
    """A row for each. PostgreSQL locks row by row, and of a row the tables in the order in which they are named."""
    query = (
        query.add_columns(*(_STUDENT[name] for name in "id token first last student_ref".split()))
        .join(table_of(Student), whose)
        .where(which)
    )
    locks = f"FOR SHARE OF eventsettings FOR NO KEY UPDATE OF contact, student{also}"
    return Prepared(query.order_by(_STUDENT.id).suffix_with(locks, dialect="postgresql"))


def _alone(query: Any) -> Prepared:
    return Prepared(query.suffix_with("FOR SHARE OF eventsettings FOR NO KEY UPDATE OF contact", dialect="postgresql"))


_SOUGHT: Any = bindparam("students", expanding=True)
_BY_ID = _TURN.where(_EVENT.id == bindparam("event"))
_BY_ADDRESS = _TURN.join(table_of(School), _SCHOOL.id == _EVENT.school_id).where(
    _SCHOOL.slug == bindparam("school"), _EVENT.slug == bindparam("event")
)
_ALONE, _AT = _alone(_BY_ID), _alone(_BY_ADDRESS)
_WITH_STUDENTS = _with_students(_BY_ID, _STUDENT.id.in_(_SOUGHT), true())
_AT_WITH_STUDENTS = _with_students(
    _BY_ADDRESS.join(table_of(Guardian), _GUARDIAN.contact_id == _MAKER.id),
    _STUDENT.id == _GUARDIAN.student_id,
    _STUDENT.token.in_(_SOUGHT),
    # A parent who lets go of the child at this moment did so before, or is refused for what is booked here.
    also=" FOR KEY SHARE OF guardian",
)
