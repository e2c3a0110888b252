"""Wish one Confirmation per act of booking, and one follow-up when its last link comes after it."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Appointment, Message
from webapp.models.message.message import CONFIRMATION, LINKS_READY
from webapp.services.booking.agenda import Entry, agenda, standing
from webapp.services.booking.room import MAKING

LINKS_MAY_TAKE = timedelta(minutes=2)
"""How long a Confirmation waits for its links."""


def wish_messages(session: Session, acts: Collection[str], *, now: datetime) -> None:
    letters: dict[str, list[Message]] = {act: [] for act in acts}
    for message in _messages(session, acts):
        letters[message.act].append(message)
    by_act: dict[str, list[Entry]] = {act: [] for act in acts}
    for entry in agenda(session, col(Appointment.act).in_(acts), standing()):
        by_act[entry.act].append(entry)
    for act, entries in by_act.items():
        if entries and not letters[act]:
            letters[act].append(_confirmation(session, entries))
        for message in letters[act]:
            _set_due(session, message, entries, now=now)
    session.flush()


def _messages(session: Session, acts: Collection[str]) -> Iterable[Message]:
    """Locked before the links are read: of two that arrive at once, the second has to see the first."""
    query = select(Message).where(col(Message.act).in_(acts)).order_by(col(Message.id))
    return session.execute(query.with_for_update().execution_options(populate_existing=True)).scalars()


def _confirmation(session: Session, entries: list[Entry]) -> Message:
    first = entries[0]
    school_id = session.execute(select(col(Appointment.school_id)).where(col(Appointment.id) == first.id)).scalar_one()
    message = new_message(
        kind=CONFIRMATION,
        school_id=school_id,
        entry=first,
        now=first.booked_at,
        wait_until=first.booked_at + LINKS_MAY_TAKE,
    )
    session.add(message)
    return message


def new_message(*, kind: str, school_id: int, entry: Entry, now: datetime, wait_until: datetime) -> Message:
    """A letter about an act of booking to its maker, the only person mailed (R60)."""
    return Message(
        school_id=school_id,
        contact_id=entry.contact_id,
        event_id=entry.event_id,
        kind=kind,
        recipient=entry.email or "",
        dedupe_key=f"{kind}:{entry.act}",
        act=entry.act,
        wait_until=wait_until,
        message_id=f"{kind}.{entry.act}",
        created_at=now,
    )


def _set_due(session: Session, message: Message, entries: list[Entry], *, now: datetime) -> None:
    """A mail that has left, is leaving or was refused is left alone: its next try is the job's."""
    if message.sent_at or message.dropped_at or message.claim or message.problem:
        return
    if not entries or not message.recipient:
        message.due_at, message.dropped_at = None, now
        return
    is_waiting = any(entry.room.state == MAKING for entry in entries)
    if not is_waiting:
        message.due_at = min(message.due_at or now, now)
        wake(session, "mail")
    elif message.kind == LINKS_READY and message.wait_until and message.wait_until <= now:
        message.due_at = None
    else:
        message.due_at = message.wait_until
