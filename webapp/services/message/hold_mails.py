"""Hold the mails of one event until its office releases or discards them: none is lost, and none leaves twice."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_, DomainError
from webapp.models import Event, EventSettings, Message
from webapp.models.message.message import NEW_LINKS
from webapp.services.booking.told import keep_told
from webapp.services.event.events import settings_of
from webapp.services.message.about import entries_of
from webapp.services.message.kinds import OF_EVENT
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.errand import no_problem


class OtherNumber(DomainError):
    message = N_("Other mails wait by now than when you chose. Look at the number again. Nothing was discarded.")


def is_held(session: Session, message: Message) -> bool:
    """Asked when it is about to leave; its row is locked, so that `release_mails` cannot overlook it."""
    if message.kind not in OF_EVENT or message.event_id is None:
        return False
    query = select(col(EventSettings.mails_held_at)).where(col(EventSettings.event_id) == message.event_id)
    return session.execute(query).scalar_one_or_none() is not None


def put_aside(now: datetime) -> dict[str, object]:
    """The columns of a mail that waits for the office."""
    return {"due_at": None, "claim": None, "attempts": 0, "held_at": now, "failing_since": None, **no_problem()}


def waiting_count(session: Session, event: Event, *, now: datetime) -> int:
    """What would leave if the office released it now."""
    number: int = session.execute(select(func.count()).select_from(Message).where(_waiting(event, now))).scalar_one()
    return number


def hold_mails(session: Session, event: Event, *, who: Who, now: datetime) -> None:
    """Idempotent; the earlier time stays."""
    settings = settings_of(session, event)
    if settings.mails_held_at is None:
        settings.mails_held_at = now
        session.add(settings)
        _record(session, event, "mails.hold", who=who, now=now)


def release_mails(session: Session, event: Event, *, who: Who, now: datetime) -> int:
    """How many leave now. What was cancelled, or is over, is dropped by each mail when it leaves."""
    settings = settings_of(session, event)
    if settings.mails_held_at is None:
        return 0
    settings.mails_held_at = None
    session.add(settings)
    session.flush()
    waiting = _locked(session, _unsent(event))
    held = [message for message in waiting if message.held_at]
    for message in held:
        message.held_at, message.due_at = None, now
    n = sum(1 for message in waiting if message.due_at and message.due_at <= now)
    _record(session, event, "mails.release", who=who, now=now, mails=n)
    wake(session, "mail")
    return n


def discard_mails(session: Session, event: Event, seen: int, *, who: Who, now: datetime) -> int:
    """What waits is never mailed; what comes after it waits on. `seen` is how many the office was told; raises
    OtherNumber."""
    if waiting_count(session, event, now=now) != seen:
        raise OtherNumber
    waiting = _locked(session, _waiting(event, now))
    for message in waiting:
        if message.kind == NEW_LINKS:
            keep_told(session, entries_of(session, message, now=now))
        message.due_at, message.held_at, message.dropped_at, message.secret = None, None, now, ""
    _record(session, event, "mails.discard", who=who, now=now, mails=len(waiting))
    return len(waiting)


def _unsent(event: Event) -> ColumnElement[bool]:
    ended = (col(Message.sent_at).is_(None), col(Message.dropped_at).is_(None))
    return and_(col(Message.event_id) == event.id, col(Message.kind).in_(OF_EVENT), *ended)


def _waiting(event: Event, now: datetime) -> ColumnElement[bool]:
    """A mail that is on the wire already is not waiting."""
    is_due = and_(col(Message.due_at) <= now, col(Message.claim).is_(None))
    return and_(_unsent(event), or_(col(Message.held_at).is_not(None), is_due))


def _locked(session: Session, where: ColumnElement[bool]) -> Sequence[Message]:
    query = select(Message).where(where).order_by(col(Message.id)).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalars().all()


def _record(session: Session, event: Event, action: str, *, who: Who, now: datetime, **detail: int) -> None:
    at, subject = event.school_id, f"event {event.id}"
    audit.record(session, action, who=who, school_id=at, subject=subject, now=now, **detail)
