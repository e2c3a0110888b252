"""Find families whose calendar entries are in older words than the office's, and mail them anew when told to (R89)."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, exists, func, literal, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Appointment, Contact, Event, Message, Slot
from webapp.models.message.message import INVITES
from webapp.models.message.message_text import CALENDAR
from webapp.services.booking.agenda import is_sure, standing
from webapp.services.message.default_texts import OfficeText
from webapp.services.message.texts import texts_of
from webapp.services.system import audit
from webapp.services.system.audit import Who


def older_invites(session: Session, event: Event, *, now: datetime) -> int:
    """How many parents; those who are being mailed are none of them."""
    text = texts_of(session, event.id or 0)[CALENDAR]
    if not text.version:
        return 0
    n: int = session.execute(_older(event, text, func.count(func.distinct(col(Contact.id))), now=now)).scalar_one()
    return n


def resend_invites(session: Session, event: Event, *, who: Who, now: datetime) -> int:
    """One mail to each parent, with all their entries; asked twice, to nobody again."""
    text = texts_of(session, event.id or 0)[CALENDAR]
    if not text.version:
        return 0
    query = _older(event, text, col(Contact.id), col(Contact.email), now=now).distinct().order_by(col(Contact.id))
    parents = session.execute(query).all()
    for number, email in parents:
        name = f"{INVITES}:{event.id}:{number}:{text.version}"
        message = Message(
            school_id=event.school_id,
            contact_id=number,
            event_id=event.id,
            kind=INVITES,
            recipient=email,
            dedupe_key=name,
            message_id=name.replace(":", "."),
            created_at=now,
            due_at=now,
        )
        session.add(message)
    if parents:
        wake(session, "mail")
        detail = {"parents": len(parents), "version": text.version}
        at, subject = event.school_id, f"event {event.id}"
        audit.record(session, "invites.mailed", who=who, school_id=at, subject=subject, now=now, **detail)
    return len(parents)


def _older(event: Event, text: OfficeText, *columns: Any, now: datetime) -> Any:
    """Appointments to come of which an entry was mailed, by an older version."""
    key = literal(f"{INVITES}:{event.id}:") + cast(col(Contact.id), String) + literal(f":{text.version}")
    is_mailed = exists().where(col(Message.dedupe_key) == key)
    return (
        select(*columns)
        .select_from(Appointment)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Contact, col(Contact.id) == col(Appointment.contact_id))
        .where(col(Appointment.event_id) == event.id, col(Slot.starts_at) > now, col(Contact.email).is_not(None))
        .where(standing(), is_sure(), ~is_mailed)
        .where(col(Appointment.calendar_said) != "", col(Appointment.calendar_said).not_like(f"{text.version}.%"))
    )
