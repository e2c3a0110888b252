"""Close tokens anew with the newest key, so that an older one can be taken out of the settings."""

from sqlmodel import Session

from webapp.services.system.granted import live_grants, opens
from webapp.services.system.tokens import Grant, reclose
from webapp.services.system.vault import vault_of


def under_older_keys(session: Session) -> list[Grant]:
    """Live connections and calendar links whose tokens the newest key does not open, although another does."""
    return [row for row in live_grants(session) if opens(session, row) and not _is_newest(session, row)]


def rekey(session: Session) -> int:
    """How many were closed anew; what needed none is not written."""
    older = under_older_keys(session)
    for row in older:
        session.refresh(row, with_for_update=True)
        reclose(session, row)
    session.flush()
    return len(older)


def _is_newest(session: Session, row: Grant) -> bool:
    vault = vault_of(session)
    held = (row.access_token, row.refresh_token, row.former_refresh_token)
    return all(vault.is_newest(closed) for closed in held if closed)
