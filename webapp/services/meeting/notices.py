"""Take a provider's notice: remember it once, and make due what has to be looked at; nothing is asked here."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Connection, Meeting, WebhookReceipt
from webapp.models.base import defaults_of, table_of
from webapp.models.system.wished import PRESENT
from webapp.providers.base import ABOUT_GRANT, ABOUT_MEETING, ABOUT_USERS, Notice
from webapp.services.meeting.deauthorise import deauthorise
from webapp.services.meeting.map_contacts import wish_mapping

_TABLE = table_of(WebhookReceipt)
_DEFAULTS = defaults_of(WebhookReceipt)
_TAKE: dict[str, Any] = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.id),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.id),
}


def take_notice(session: Session, provider: str, notice: Notice, *, now: datetime) -> None:
    """An account that no school has connected is quietly ignored; so is what was told before."""
    for connection in _connections(session, provider, notice.account_id):
        connection.last_webhook_at = now
        is_due = notice.about == ABOUT_MEETING and _is_worth_a_look(session, connection, notice)
        if not _remember(session, connection, notice, due_at=now if is_due else None, now=now):
            continue
        if is_due:
            wake(session, "webhook")
        elif notice.about == ABOUT_USERS:
            wish_mapping(session, connection.school_id, now)
        elif notice.about == ABOUT_GRANT and _ends(notice, connection):
            deauthorise(session, connection, now=now)
    session.flush()


def _connections(session: Session, provider: str, account_id: str) -> list[Connection]:
    """Locked, so that of two notices at once the second sees what the first made due. Two schools may share an
    account."""
    if not account_id:
        return []
    query = select(Connection).where(
        col(Connection.provider) == provider,
        col(Connection.account_id) == account_id,
        col(Connection.connected_at).is_not(None),
        col(Connection.disconnected_at).is_(None),
    )
    return list(session.execute(query.order_by(col(Connection.id)).with_for_update()).scalars())


def _is_worth_a_look(session: Session, connection: Connection, notice: Notice) -> bool:
    """Only where a row of this school says that the meeting is there: our own removals come back as notices too
    (FAILURES F26). While a row is worked on, a change is most likely our own."""
    idle = [col(Meeting.claim).is_(None)] if notice.is_change else []
    one = exists().where(
        col(Meeting.school_id) == connection.school_id,
        col(Meeting.provider) == connection.provider,
        col(Meeting.remote_id) == notice.subject,
        col(Meeting.wish) == PRESENT,
        col(Meeting.gone_at).is_(None),
        *idle,
    )
    return bool(notice.subject) and bool(session.execute(select(one)).scalar())


def _remember(
    session: Session, connection: Connection, notice: Notice, *, due_at: datetime | None, now: datetime
) -> bool:
    """False if it was told before. The unique key makes the same notice, told twice at once, wait for its twin."""
    row = _DEFAULTS | {
        "school_id": connection.school_id,
        "provider": connection.provider,
        "key": notice.key,
        "remote_id": notice.subject,
        "received_at": now,
        "due_at": due_at,
    }
    database = session.connection()
    return database.execute(_TAKE[database.dialect.name], row).first() is not None


def _ends(notice: Notice, connection: Connection) -> bool:
    """Not of a grant before this one: a notice may come an hour late."""
    assert connection.connected_at is not None
    return notice.at is None or notice.at >= connection.connected_at
