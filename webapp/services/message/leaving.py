"""Tell how far many mails are that were wished at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session, col

from webapp.models import Event, Message, Task
from webapp.models.message.message import OFFICE_MAIL
from webapp.services.message.kinds import OF_EVENT


@dataclass(frozen=True)
class Leaving:
    """`still` are to leave now, `retried` failed and are tried again after a pause, `failed` were given up."""

    still: int
    retried: int
    failed: int


def leaving_of_event(session: Session, event: Event, *, now: datetime) -> Leaving:
    return _leaving(session, and_(col(Message.event_id) == event.id, col(Message.kind).in_(OF_EVENT)), now=now)


def leaving_of_task(session: Session, task: Task, *, now: datetime) -> Leaving:
    """Of a mail that the office wrote to many."""
    key = col(Message.dedupe_key)
    mine = and_(key >= f"{OFFICE_MAIL}:{task.id}:", key < f"{OFFICE_MAIL}:{task.id};")
    return _leaving(session, and_(col(Message.school_id) == task.school_id, mine), now=now)


def _leaving(session: Session, which: ColumnElement[bool], *, now: datetime) -> Leaving:
    """A claim moves the time ahead: what is on the wire has not left yet."""
    is_due, has_failed = col(Message.due_at).is_not(None), col(Message.problem).is_not(None)
    is_now = and_(~has_failed, or_(col(Message.due_at) <= now, col(Message.claim).is_not(None)))
    states = (is_now, and_(has_failed, is_due), and_(has_failed, ~is_due))
    counts = (func.sum(case((one, 1), else_=0)) for one in states)
    open_ones = (col(Message.sent_at).is_(None), col(Message.dropped_at).is_(None))
    return Leaving(*(n or 0 for n in session.execute(select(*counts).where(which, *open_ones)).one()))
