"""Part from a provider whose administrator took the app away: nothing of theirs is kept that we do not need."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from webapp.models import AccountUser, Connection, Host, Stray
from webapp.services.meeting.connection import drop_tokens
from webapp.services.meeting.tokens import declare_dead
from webapp.services.system.audit import SYSTEM, record
from webapp.services.system.revoke import drop_revokes


def deauthorise(session: Session, connection: Connection, *, now: datetime) -> None:
    """At once, where ten days are allowed (RELIABILITY 2.5): the tokens, the account, its users, whom the teachers are
    at the provider, and what was found astray. Links that families hold still work, and stay with their appointments.
    Nobody of the school has asked for it here: it is told as a grant that has died, unless that was told before (F14).
    """
    drop_tokens(connection)
    drop_revokes(session, connection.school_id, connection.provider)
    connection.account_id = connection.account_name = connection.account_email = connection.scopes = ""
    for table in (AccountUser, Host, Stray):
        theirs = (col(table.school_id) == connection.school_id, col(table.provider) == connection.provider)
        session.execute(delete(table).where(*theirs))
    subject = f"connection {connection.id}"
    action = f"{connection.provider}.deauthorised"
    record(session, action, who=SYSTEM, school_id=connection.school_id, subject=subject, now=now)
    if connection.needs_reconnect_at is None:
        declare_dead(session, connection, now=now)
