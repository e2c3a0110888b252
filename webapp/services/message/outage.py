"""Tell once that a grant has ended: the Notification Contacts of a connection, its owner of a calendar (F14)."""

from datetime import datetime

from sqlmodel import Session

from webapp.db import wake
from webapp.models import CalendarLink, Connection, Contact, Message
from webapp.models.message.message import CALENDAR_ENDED, NEEDS_RECONNECT
from webapp.services.people.notified import notification_contacts
from webapp.services.system.tokens import Grant


def tell_of_outage(session: Session, connection: Connection, *, now: datetime) -> None:
    """One mail per address and outage: an outage begins with `needs_reconnect_at` and is never declared twice."""
    for n, address in enumerate(notification_contacts(session, connection.school_id), start=1):
        name = f"{NEEDS_RECONNECT}:{connection.id}:{now:%Y%m%d%H%M%S}:{n}"
        session.add(_message(connection, NEEDS_RECONNECT, name, address, now=now))
    wake(session, "mail")
    session.flush()


def tell_of_ended_calendar(session: Session, link: CalendarLink, *, now: datetime) -> None:
    contact = session.get_one(Contact, link.contact_id)
    if not contact.email:
        return
    message = _message(link, CALENDAR_ENDED, f"{CALENDAR_ENDED}:{link.id}:{now:%Y%m%d%H%M%S}", contact.email, now=now)
    message.contact_id = contact.id
    session.add(message)
    wake(session, "mail")
    session.flush()


def ended_grant(session: Session, message: Message) -> Grant | None:
    """What the mail is about; None where it was mended, or ended by a person, before the mail left."""
    number = int(message.dedupe_key.split(":")[1])
    is_of_school = message.kind == NEEDS_RECONNECT
    row = session.get(Connection, number) if is_of_school else session.get(CalendarLink, number)
    return row if row and row.needs_reconnect_at and not row.disconnected_at else None


def _message(row: Grant, kind: str, name: str, recipient: str, *, now: datetime) -> Message:
    return Message(
        school_id=row.school_id,
        kind=kind,
        recipient=recipient,
        dedupe_key=name,
        message_id=name.replace(":", "."),
        created_at=now,
        due_at=now,
    )
