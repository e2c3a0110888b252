"""Let those who book or move wait for each other before they look, so that what they see stays true."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, true
from sqlmodel import Session, col

from webapp.errors import NotFound
from webapp.models import Contact, Event, EventSettings, Guardian, School, Student
from webapp.models.event.event import SIMPLE_PTA
from webapp.models.event.event_settings import Window
from webapp.models.people.student import student_name
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


def _turn(session: Session, query: Any, asked: dict[str, Any], maker_id: int, students: int) -> Turn:
    rows = session.connection().execute(query, asked).all()
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
        provider=first.provider,
        maker_id=maker_id,
        email=first.email or "",
        students={row.token: _child(row) for row in rows} if students else {},
        life=first.life,
    )


def _child(row: Any) -> Child:
    return Child(student_name(row.first, row.last, row.student_ref), f"s{row.id}", row.id, row.token)


_TURN = (
    select(
        col(Event.id).label("event_id"),
        col(Event.school_id),
        col(Event.name).label("event_name"),
        col(Event.zone),
        col(Event.type),
        col(EventSettings.opens_at),
        col(EventSettings.closes_at),
        col(EventSettings.provider),
        col(Contact.email),
        LIFE.label("life"),
    )
    .select_from(Event)
    .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
    .join(Contact, (col(Contact.id) == bindparam("maker")) & (col(Contact.school_id) == col(Event.school_id)))
)
_STUDENT = (Student.id, Student.token, Student.first, Student.last, Student.student_ref)


def _with_students(query: Any, whose: Any, which: Any) -> Any:
    """A row for each. PostgreSQL locks row by row, and of a row the tables in the order in which they are named."""
    query = query.add_columns(*(col(column) for column in _STUDENT)).join(Student, whose).where(which)
    locks = "FOR SHARE OF eventsettings FOR NO KEY UPDATE OF contact, student"
    return query.order_by(col(Student.id)).suffix_with(locks, dialect="postgresql")


def _alone(query: Any) -> Any:
    return query.suffix_with("FOR SHARE OF eventsettings FOR NO KEY UPDATE OF contact", dialect="postgresql")


_SOUGHT: Any = bindparam("students", expanding=True)
_BY_ID = _TURN.where(col(Event.id) == bindparam("event"))
_BY_ADDRESS = _TURN.join(School, col(School.id) == col(Event.school_id)).where(
    col(School.slug) == bindparam("school"), col(Event.slug) == bindparam("event")
)
_ALONE, _AT = _alone(_BY_ID), _alone(_BY_ADDRESS)
_WITH_STUDENTS = _with_students(_BY_ID, col(Student.id).in_(_SOUGHT), true())
_AT_WITH_STUDENTS = _with_students(
    _BY_ADDRESS.join(Guardian, col(Guardian.contact_id) == col(Contact.id)),
    col(Student.id) == col(Guardian.student_id),
    col(Student.token).in_(_SOUGHT),
)
