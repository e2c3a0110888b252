"""Keep the tokens of schools' connections, and stop the work of one whose grant has died."""

from datetime import datetime

from sqlmodel import Session

from webapp.models import Connection
from webapp.services.booking.consequences import follow
from webapp.services.meeting.affected import appointments_waiting_on
from webapp.services.message.outage import tell_of_outage
from webapp.services.system.audit import SYSTEM, record
from webapp.services.system.tokens import StoredTokens


class ConnectionTokens(StoredTokens[Connection]):
    table = Connection

    def declare_dead(self, session: Session, row: Connection, *, now: datetime) -> None:
        declare_dead(session, row, now=now)


def declare_dead(session: Session, connection: Connection, *, now: datetime) -> None:
    """The work that waits for it is blocked with that reason, and goes on once an administrator connects again."""
    connection.needs_reconnect_at = now
    subject = f"connection {connection.id}"
    record(session, "connection.needs_reconnect", who=SYSTEM, school_id=connection.school_id, subject=subject, now=now)
    follow(session, appointments_waiting_on(session, connection.school_id, connection.provider, now=now), now=now)
    tell_of_outage(session, connection, now=now)
