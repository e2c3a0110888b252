"""Find the connections that were not renewed for a week."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.models import Connection
from webapp.models.meeting.connection import BY_CONSENT
from webapp.services.meeting.tokens import open_tokens

RENEW_AFTER = timedelta(days=7)
"""Zoom ends a grant after 90 days without (PROVIDERS 1.1)."""

TRY_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Sleeping:
    """`access` is the token as it was found: whoever comes second finds a newer one, and renews nothing."""

    id: int
    provider: str
    access: str = field(repr=False)


def sleeping_connections(session: Session, *, now: datetime) -> list[Sleeping]:
    """Live ones, each at most once an hour while it does not succeed. What no key opens is left to doctor."""
    tried, renewed = col(Connection.refresh_tried_at), col(Connection.refreshed_at)
    since = func.coalesce(renewed, col(Connection.connected_at))
    query = (
        select(Connection)
        .where(
            col(Connection.connected_at) <= now - RENEW_AFTER,
            since <= now - RENEW_AFTER,
            col(Connection.disconnected_at).is_(None),
            col(Connection.needs_reconnect_at).is_(None),
            col(Connection.grant_type) == BY_CONSENT,
            or_(tried.is_(None), tried <= now - TRY_AGAIN_AFTER),
        )
        .order_by(col(Connection.id))
    )
    return [one for row in session.execute(query).scalars() if (one := _sleeping(session, row))]


def _sleeping(session: Session, connection: Connection) -> Sleeping | None:
    try:
        tokens = open_tokens(session, connection)
    except ProviderError:
        return None
    return Sleeping(connection.id or 0, connection.provider, tokens.access)
