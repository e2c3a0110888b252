"""Keep what a connection last did, at most once a minute: a row is not written for every call."""

import json
import logging
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import col

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Connection
from webapp.services.system.errand import DATABASE_TROUBLE

log = logging.getLogger(__name__)

AT_MOST_EVERY = timedelta(minutes=1)
CLOCK_WARNING = 20
"""Seconds (FAILURES F16)."""

_OF_THE_CONNECTION = frozenset(
    {"scopes", "plan", "invalid_client", "invalid_grant", "token", "unreadable_tokens", "other_account"}
)
"""Refusals that concern the connection and not one meeting. Passing troubles, such as a timeout, do too."""

_OF_ONE_MEETING = frozenset({"host_limit", "running", "busy", "late"})


def note_success(database: Database, connection_id: int, *, provider_time: datetime | None, now: datetime) -> None:
    """Never raises: whoever calls holds an answer that must not get lost."""
    with suppress(*DATABASE_TROUBLE):
        with database.reading() as session:
            known = session.get(Connection, connection_id)
            is_fresh = known and known.called_at and now - known.called_at < AT_MOST_EVERY and not known.problem
        if known is None or is_fresh:
            return
        ahead = round((now - provider_time).total_seconds()) if provider_time else None
        if ahead is not None and abs(ahead) > CLOCK_WARNING:
            log.warning("the clock is off", extra={"connection": connection_id})
        columns = {"called_at": now, "clock_ahead": ahead, "problem": None, "problem_values": "{}", "problem_at": None}
        with database.transaction() as session:
            session.execute(update(Connection).where(col(Connection.id) == connection_id).values(columns))


def note_problem(database: Database, connection_id: int, error: ProviderError, *, now: datetime) -> None:
    """Never raises. A trouble of one meeting or teacher is none of the connection."""
    if error.code in _OF_ONE_MEETING or (not error.retry and error.code not in _OF_THE_CONNECTION):
        return
    row = (col(Connection.id) == connection_id, col(Connection.disconnected_at).is_(None))
    is_new = or_(col(Connection.problem_at).is_(None), col(Connection.problem_at) < now - AT_MOST_EVERY)
    values = json.dumps(error.values, default=str)
    columns = {"problem": error.message[:500], "problem_values": values, "problem_at": now}
    with suppress(*DATABASE_TROUBLE), database.transaction() as session:
        session.execute(update(Connection).where(*row, is_new).values(columns))
