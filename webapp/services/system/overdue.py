"""Tell how much work is due and since when: what waits long is worked on by nobody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from webapp.models import CalendarEntry, Meeting, Message, Task
from webapp.models.system.errand import Errand

_KINDS: dict[type[Errand], tuple[str, str]] = {
    Meeting: ("online meeting", "online meetings"),
    CalendarEntry: ("calendar entry", "calendar entries"),
    Message: ("mail", "mails"),
    Task: ("task", "tasks"),
}
"""What one of them is called, and several."""


@dataclass(frozen=True)
class Overdue:
    """Errands of one kind that may be worked on now, such as "2 mails"; `since` is when the longest waiting became
    due."""

    words: str
    since: datetime


def overdue(session: Session, *, now: datetime) -> list[Overdue]:
    """Kinds of which nothing is due are left out."""
    found = [(names, *_due(session, table, now)) for table, names in _KINDS.items()]
    return [Overdue(f"{number} {one if number == 1 else many}", since) for (one, many), number, since in found if since]


def _due(session: Session, table: type[Errand], now: datetime) -> tuple[int, datetime | None]:
    rows: Any = table.__table__.c  # type: ignore[attr-defined]  # every table class has it
    number, since = session.execute(select(func.count(), func.min(rows.due_at)).where(rows.due_at <= now)).one()
    return number, since
