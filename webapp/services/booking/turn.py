"""Let those who book or move wait for each other before they look, so that what they see stays true."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from webapp.errors import NotFound
from webapp.models import Contact, EventSettings, Student
from webapp.models.event.event_settings import Window


@dataclass(frozen=True)
class Terms:
    """What holds while we book: the event's settings, and the maker's address."""

    window: Window
    provider: str | None
    email: str


def take_turn(session: Session, event_id: int, maker_id: int, students: Collection[int]) -> Terms:
    """A change of the event's settings waits for this booking, or this for it: neither overlooks the other. A family's
    bookings, from two phones or of two parents, come one after the other: else each might wait for minutes that the
    other holds. SQLite has one writer anyway. Raises NotFound for a student who is gone.
    """
    asked: dict[str, Any] = {"event": event_id, "maker": maker_id, "students": list(students)}
    rows = session.connection().execute(_WITH_STUDENTS if students else _ALONE, asked).all()
    if len(rows) != max(1, len(students)):
        raise NotFound
    first = rows[0]
    return Terms(Window(first.opens_at, first.closes_at), first.provider, first.email or "")


_ALONE = (
    select(col(EventSettings.opens_at), col(EventSettings.closes_at), col(EventSettings.provider), col(Contact.email))
    .select_from(EventSettings)
    .join(Contact, col(Contact.id) == bindparam("maker"))
    .where(col(EventSettings.event_id) == bindparam("event"))
)
# PostgreSQL locks row by row, and of a row the tables in the order in which they are named.
_WITH_STUDENTS = (
    _ALONE.join(Student, col(Student.id).in_(bindparam("students", expanding=True)))
    .order_by(col(Student.id))
    .suffix_with("FOR SHARE OF eventsettings FOR NO KEY UPDATE OF contact, student", dialect="postgresql")
)
_ALONE = _ALONE.suffix_with("FOR SHARE OF eventsettings FOR NO KEY UPDATE OF contact", dialect="postgresql")
