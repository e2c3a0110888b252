"""Find the rows that hold a living grant, and those whose tokens this installation's keys do not open."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.models import CalendarLink, Connection
from webapp.services.system.tokens import Grant, open_tokens


def live_grants(session: Session) -> list[Grant]:
    """Of all schools, those on which calls may be made."""
    return [row for row in _granted(session) if row.is_live]


def unreadable_grants(session: Session) -> list[Grant]:
    return [row for row in live_grants(session) if not opens(session, row)]


def opens(session: Session, row: Grant) -> bool:
    try:
        open_tokens(session, row)
    except ProviderError:
        return False
    return True


def _granted(session: Session) -> Iterator[Grant]:
    yield from session.execute(select(Connection).order_by(col(Connection.id))).scalars()
    yield from session.execute(select(CalendarLink).order_by(col(CalendarLink.id))).scalars()
