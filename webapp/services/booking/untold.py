"""Find the families whose links no mail spoke of, because the provider came after their booking, and mail them when the
office says so: nothing is sent unasked (R67)."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlmodel import Session, col

from webapp.models import Appointment, Contact, Event, Meeting, Message, Slot
from webapp.models.message.message import BOOKED
from webapp.models.system.wished import PRESENT
from webapp.services.booking.told import PROMISED
from webapp.services.booking.wish_messages import wish_messages
from webapp.services.system import audit
from webapp.services.system.audit import Who


def count_untold(session: Session, event: Event, *, now: datetime) -> int:
    """Parents, each once."""
    query = _untold(event, func.count(func.distinct(col(Appointment.contact_id))), now=now)
    n: int = session.execute(query).scalar_one()
    return n


def mail_untold(session: Session, event: Event, *, who: Who, now: datetime) -> int:
    """One mail to each: now, or once the links that are on their way have come. Returns to how many parents; asked
    twice, to nobody again."""
    columns = (col(Appointment.id), col(Appointment.act), col(Appointment.contact_id))
    query = _untold(event, *columns, now=now).order_by(col(Appointment.id))
    rows = session.execute(query.with_for_update(of=Appointment, key_share=True)).all()
    if not rows:
        return 0
    some = col(Appointment.id).in_([row.id for row in rows])
    session.execute(update(Appointment).where(some, col(Appointment.told) == "").values(told=PROMISED))
    wish_messages(session, sorted({row.act for row in rows}), now=now)
    parents = len({row.contact_id for row in rows})
    subject = f"event {event.id}"
    audit.record(session, "links.mailed", who=who, school_id=event.school_id, subject=subject, now=now, parents=parents)
    return parents


def _untold(event: Event, *columns: Any, now: datetime) -> Any:
    """A Confirmation that is still to leave will speak of the links by itself."""
    has_meeting = exists().where(
        col(Meeting.appointment_id) == col(Appointment.id),
        col(Meeting.wish) == PRESENT,
        col(Meeting.replaced_at).is_(None),
    )
    was_confirmed = exists().where(
        col(Message.act) == col(Appointment.act),
        col(Message.kind).in_(BOOKED),
        col(Message.sent_at).is_not(None),
    )
    return (
        select(*columns)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Contact, col(Contact.id) == col(Appointment.contact_id))
        .where(col(Appointment.event_id) == event.id, col(Slot.starts_at) > now, col(Contact.email).is_not(None))
        .where(col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))
        .where(col(Appointment.is_virtual), col(Appointment.told) == "", has_meeting, was_confirmed)
    )
