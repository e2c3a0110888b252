"""Find the connections whose tokens this installation's keys do not open."""

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.models import Connection
from webapp.services.meeting.tokens import open_tokens


def live_connections(session: Session) -> list[Connection]:
    """Of all schools, those on which calls may be made."""
    rows = session.execute(select(Connection).order_by(col(Connection.id))).scalars()
    return [connection for connection in rows if connection.is_live]


def unreadable_connections(session: Session) -> list[int]:
    return [connection.id or 0 for connection in live_connections(session) if not _opens(session, connection)]


def _opens(session: Session, connection: Connection) -> bool:
    try:
        open_tokens(session, connection)
    except ProviderError:
        return False
    return True
