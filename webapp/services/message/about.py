"""Find the appointments that a message is about, as they stand when it leaves."""

from datetime import datetime

from sqlmodel import Session, col

from webapp import i18n
from webapp.models import Appointment, Message
from webapp.models.message.message import INVITES, LINKS_READY, NEW_LINKS, NEW_ROOMS
from webapp.models.message.message_text import CANCELLATION, REMINDER, RESOURCE
from webapp.services.booking.agenda import Entry, agenda, is_for_family, is_sure, standing
from webapp.services.message.resource_told import GONE


def entries_of(session: Session, message: Message, *, now: datetime) -> list[Entry]:
    """What the message is about: the appointments that still stand of an act of booking; of the family's, where it is
    about links of several acts; of their day, for a reminder; the one that was cancelled, or of which a teacher is
    told. What the school has withdrawn is told where it was booked or moved, and left out elsewhere."""
    if message.kind == CANCELLATION:
        number = appointment_told(message)
        return agenda(session, col(Appointment.id) == number, col(Appointment.cancelled_at).is_not(None))
    if message.kind == RESOURCE:
        return _of_teacher(session, message)
    if message.kind == REMINDER:
        return [entry for entry in _family(session, message) if _is_of_day(entry, message, now=now)]
    if message.kind == NEW_LINKS:
        return _family(session, message)
    if message.kind in {NEW_ROOMS, INVITES}:
        return [entry for entry in _family(session, message) if entry.starts_at > now]
    is_told = is_sure() if message.kind == LINKS_READY else is_for_family()
    return agenda(session, col(Appointment.act) == message.act, standing(), is_told)


def _of_teacher(session: Session, message: Message) -> list[Entry]:
    """What is gone is told to whoever knew of it, whatever it turned into since."""
    is_so = (col(Appointment.cancelled_at).is_not(None),) if message.act == GONE else (standing(), is_for_family())
    return agenda(session, col(Appointment.id) == appointment_told(message), *is_so)


def appointment_told(message: Message) -> int:
    """The id of the one that a Cancellation, or a mail to a teacher, is about."""
    return int(message.dedupe_key.split(":")[1])


def _family(session: Session, message: Message) -> list[Entry]:
    family = (col(Appointment.contact_id) == message.contact_id, col(Appointment.event_id) == message.event_id)
    return agenda(session, *family, standing(), is_sure())


def _is_of_day(entry: Entry, message: Message, *, now: datetime) -> bool:
    day = message.dedupe_key.split(":")[3]
    return entry.starts_at > now and i18n.local_day(entry.starts_at, entry.zone).isoformat() == day
