"""Tell the Notification Contacts once that a connection has to be made again (FAILURES F14)."""

from datetime import datetime

from sqlmodel import Session

from webapp.db import wake
from webapp.models import Connection, Message
from webapp.models.message.message import NEEDS_RECONNECT
from webapp.services.people.notified import notification_contacts


def tell_of_outage(session: Session, connection: Connection, *, now: datetime) -> None:
    """One mail per address and outage: an outage begins with `needs_reconnect_at` and is never declared twice."""
    for n, address in enumerate(notification_contacts(session, connection.school_id), start=1):
        name = f"{NEEDS_RECONNECT}:{connection.id}:{now:%Y%m%d%H%M%S}:{n}"
        session.add(
            Message(
                school_id=connection.school_id,
                kind=NEEDS_RECONNECT,
                recipient=address,
                dedupe_key=name,
                message_id=name.replace(":", "."),
                created_at=now,
                due_at=now,
            )
        )
    wake(session, "mail")
    session.flush()


def is_over(session: Session, message: Message) -> bool:
    """Whether the connection was mended, or ended, before the mail left."""
    number = int(message.dedupe_key.split(":")[1])
    connection = session.get(Connection, number)
    return connection is None or connection.needs_reconnect_at is None or connection.disconnected_at is not None
