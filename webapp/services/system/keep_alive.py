"""Find the grants that were not renewed for a week."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.models import CalendarLink, Connection
from webapp.models.meeting.connection import BY_CONSENT
from webapp.services.system.tokens import Grant, open_tokens

RENEW_AFTER = timedelta(days=7)
"""Zoom and Microsoft end a grant after 90 days without (PROVIDERS 1.1)."""

TRY_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Sleeping:
    """`access` is the token as it was found: whoever comes second finds a newer one, and renews nothing."""

    table: type[Grant]
    id: int
    provider: str
    access: str = field(repr=False)


def sleeping_grants(session: Session, *, now: datetime) -> list[Sleeping]:
    """Live ones, each at most once an hour while it does not succeed. What no key opens is left to doctor."""
    return [one for row in _sleeping(session, now=now) if (one := _opened(session, row))]


def _sleeping(session: Session, *, now: datetime) -> Iterator[Grant]:
    by_consent = select(Connection).where(*_is_due(Connection, now=now), col(Connection.grant_type) == BY_CONSENT)
    yield from session.execute(by_consent.order_by(col(Connection.id))).scalars()
    links = select(CalendarLink).where(*_is_due(CalendarLink, now=now))
    yield from session.execute(links.order_by(col(CalendarLink.id))).scalars()


def _is_due(table: type[Grant], *, now: datetime) -> list[ColumnElement[bool]]:
    tried, renewed = col(table.refresh_tried_at), col(table.refreshed_at)
    return [
        col(table.connected_at) <= now - RENEW_AFTER,
        func.coalesce(renewed, col(table.connected_at)) <= now - RENEW_AFTER,
        col(table.disconnected_at).is_(None),
        col(table.needs_reconnect_at).is_(None),
        or_(tried.is_(None), tried <= now - TRY_AGAIN_AFTER),
    ]


def _opened(session: Session, row: Grant) -> Sleeping | None:
    try:
        tokens = open_tokens(session, row)
    except ProviderError:
        return None
    return Sleeping(type(row), row.id or 0, row.provider, tokens.access)
