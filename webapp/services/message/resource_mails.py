"""Wish one mail to each teacher of an appointment that was booked, moved or cancelled: Resource Email Notification.

They are found by looking, as reminders are: however an appointment came to change, no road has to think of it, and the
crowd of the first minutes waits for none of it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Appointment, Contact, Event, Message, MessageText, ResourceMember, Slot
from webapp.models.base import new_token
from webapp.models.message.message_text import RESOURCE
from webapp.services.booking.agenda import agenda
from webapp.services.booking.room import MAKING
from webapp.services.booking.wish_messages import LINKS_MAY_TAKE
from webapp.services.message.resource_told import GONE, NEW, Change, changes_of, keep_resource_told
from webapp.services.system.errand import settled


def events_that_tell(session: Session, *, now: datetime) -> list[int]:
    """Whose office wants teachers mailed, and which have times to come: removed ones too, for what was cancelled with
    them is told."""
    newest = (
        select(func.max(col(MessageText.id)))
        .where(col(MessageText.kind) == RESOURCE)
        .group_by(col(MessageText.event_id))
    )
    has_more = exists().where(col(Slot.event_id) == col(MessageText.event_id), col(Slot.starts_at) > now)
    query = select(col(MessageText.event_id)).where(col(MessageText.id).in_(newest), col(MessageText.is_on), has_more)
    return list(session.execute(query.order_by(col(MessageText.event_id))).scalars())


def due_changes(session: Session, event_id: int, *, now: datetime) -> list[Change]:
    """A link that is on its way is waited for, as the family's Confirmation does."""
    changes = changes_of(session, event_id, now=now)
    young = col(Appointment.booked_at) > now - LINKS_MAY_TAKE
    numbers = [change.appointment_id for change in changes if change.what != GONE]
    entries = agenda(session, col(Appointment.id).in_(numbers), young) if numbers else []
    waiting = {entry.id for entry in entries if entry.room.state == MAKING}
    return [change for change in changes if change.appointment_id not in waiting]


def wish_resource_mails(session: Session, event_id: int, changes: Collection[Change], *, now: datetime) -> int:
    """How many were wished. What another mail, which still waits, will say by itself is not said twice."""
    event = session.get_one(Event, event_id)
    n = 0
    for change in changes:
        if not keep_resource_told(session, change):
            continue
        waiting = _waiting(session, change.appointment_id)
        for member in _members(session, change.resource_id):
            if _has_to_hear(change, waiting.get(member.id or 0), now=now):
                session.add(_message(event, change, member, now=now))
                n += 1
    if n:
        wake(session, "mail")
    return n


def _members(session: Session, resource_id: int) -> list[Contact]:
    query = (
        select(Contact)
        .join(ResourceMember, col(ResourceMember.contact_id) == col(Contact.id))
        .where(col(ResourceMember.resource_id) == resource_id, col(Contact.email).is_not(None))
        .order_by(col(ResourceMember.position))
    )
    return list(session.execute(query).scalars())


def _waiting(session: Session, appointment_id: int) -> dict[int, Message]:
    """By contact, what is still to leave about the appointment."""
    key = col(Message.dedupe_key)
    query = (
        select(Message)
        .where(key >= f"{RESOURCE}:{appointment_id}:", key < f"{RESOURCE}:{appointment_id};")
        .where(col(Message.sent_at).is_(None), col(Message.dropped_at).is_(None), col(Message.claim).is_(None))
        .where(or_(col(Message.due_at).is_not(None), col(Message.held_at).is_not(None)))
    )
    rows = session.execute(query.order_by(col(Message.id)).with_for_update()).scalars()
    return {message.contact_id or 0: message for message in rows}


def _has_to_hear(change: Change, message: Message | None, *, now: datetime) -> bool:
    """A mail that still waits says what is true when it leaves; what is gone before they heard of it is not mailed."""
    if message is None:
        return True
    if change.what != GONE:
        return False
    for name, value in (settled() | {"dropped_at": now, "held_at": None}).items():
        setattr(message, name, value)
    return message.act != NEW


def _message(event: Event, change: Change, member: Contact, *, now: datetime) -> Message:
    name = f"{RESOURCE}:{change.appointment_id}:{member.id}:{new_token()}"
    return Message(
        school_id=event.school_id,
        contact_id=member.id,
        event_id=event.id,
        kind=RESOURCE,
        recipient=member.email or "",
        dedupe_key=name,
        act=change.what,
        message_id=name.replace(":", "."),
        created_at=now,
        due_at=now,
    )
