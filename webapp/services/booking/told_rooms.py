"""Find families who were mailed another room, or another typed link, than there is now, and mail them when the office
says so: nothing is sent unasked."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Appointment, Contact, Event, EventSettings, Message, Resource, Slot
from webapp.models.base import new_token
from webapp.models.message.message import BOOKED, NEW_ROOMS
from webapp.services.booking.agenda import is_sure, standing
from webapp.services.booking.wish_messages import Act, letter_of
from webapp.services.system import audit
from webapp.services.system.audit import Who


def count_elsewhere(session: Session, event: Event, resource: Resource | None = None, *, now: datetime) -> int:
    """Families, each once, of the event or of one teacher's appointments; those whose mail is on its way are none."""
    query = _elsewhere(event, resource, func.count(func.distinct(col(Contact.id))), now=now)
    n: int = session.execute(query).scalar_one()
    return n


def mail_elsewhere(session: Session, event: Event, resource: Resource | None = None, *, who: Who, now: datetime) -> int:
    """One Changed mail to each, with all their appointments. Returns to how many; asked twice, to nobody again."""
    # Of two who ask at once, the second sees the first one's mails.
    session.execute(select(col(Event.id)).where(col(Event.id) == event.id).with_for_update()).all()
    query = _elsewhere(event, resource, col(Contact.id), col(Contact.email), now=now).distinct()
    families = session.execute(query.order_by(col(Contact.id))).all()
    for number, email in families:
        message = letter_of(NEW_ROOMS, Act(new_token(), event.school_id, event.id or 0, number, email), now=now)
        message.due_at = now
        session.add(message)
    if families:
        wake(session, "mail")
        subject, at = f"resource {resource.id}" if resource else f"event {event.id}", event.school_id
        audit.record(session, "rooms.mailed", who=who, school_id=at, subject=subject, families=len(families), now=now)
    return len(families)


def _elsewhere(event: Event, resource: Resource | None, *columns: Any, now: datetime) -> Any:
    """A mail that is still to leave will say the place by itself."""
    by_link = and_(col(EventSettings.provider).is_not(None), col(Appointment.is_virtual))
    place = case((col(Appointment.is_virtual), col(Resource.virtual_room)), else_=col(Resource.room))
    open_mail = (col(Message.sent_at).is_(None), col(Message.dropped_at).is_(None), col(Message.problem).is_(None))
    of_family = (col(Message.contact_id) == col(Contact.id), col(Message.event_id) == event.id)
    is_leaving = exists().where(
        or_(col(Message.kind) == NEW_ROOMS, col(Message.act) == col(Appointment.act)),
        col(Message.kind).in_({*BOOKED, NEW_ROOMS}),
        *of_family,
        *open_mail,
    )
    query = (
        select(*columns)
        .select_from(Appointment)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .join(EventSettings, col(EventSettings.event_id) == col(Appointment.event_id))
        .join(Contact, col(Contact.id) == col(Appointment.contact_id))
        .where(col(Appointment.event_id) == event.id, col(Slot.ends_at) > now, col(Contact.email).is_not(None))
        .where(standing(), is_sure(), ~by_link, ~is_leaving)
        .where(col(Appointment.place_told).is_not(None), col(Appointment.place_told) != place)
    )
    return query if resource is None else query.where(col(Appointment.resource_id) == resource.id)
