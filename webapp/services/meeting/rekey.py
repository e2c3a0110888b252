"""Close tokens anew with the newest key, so that an older one can be taken out of the settings."""

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.models import Connection
from webapp.services.meeting.tokens import open_tokens, reclose
from webapp.services.system.vault import vault_of


def under_older_keys(session: Session) -> list[Connection]:
    """Live connections whose tokens the newest key does not open, although another does."""
    rows = session.execute(select(Connection).order_by(col(Connection.id))).scalars()
    return [row for row in rows if row.is_live and _opens(session, row) and not _is_newest(session, row)]


def rekey(session: Session) -> int:
    """How many connections were closed anew; what needed none is not written."""
    locked = [
        session.get_one(Connection, row.id, with_for_update=True, populate_existing=True)
        for row in under_older_keys(session)
    ]
    for connection in locked:
        reclose(session, connection)
    session.flush()
    return len(locked)


def _is_newest(session: Session, connection: Connection) -> bool:
    vault = vault_of(session)
    held = (connection.access_token, connection.refresh_token, connection.former_refresh_token)
    return all(vault.is_newest(closed) for closed in held if closed)


def _opens(session: Session, connection: Connection) -> bool:
    try:
        open_tokens(session, connection)
    except ProviderError:
        return False
    return True
