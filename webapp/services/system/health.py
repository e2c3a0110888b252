"""Keep what a grant was last used for, at most once a minute: a row is not written for every call."""

import json
import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import col

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import CalendarLink, Connection
from webapp.models.base import table_of
from webapp.models.system.errand import Errand
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


def note_success(
    database: Database,
    table: type[Connection | CalendarLink],
    row_id: int,
    *,
    provider_time: datetime | None,
    now: datetime,
) -> None:
    """Never raises: whoever calls holds an answer that must not get lost."""
    with suppress(*DATABASE_TROUBLE):
        with database.reading() as session:
            known: Any = session.get(table, row_id)
        if known is None or is_noted(known, now=now):
            return
        ahead = round((now - provider_time).total_seconds()) if provider_time else None
        if ahead is not None and abs(ahead) > CLOCK_WARNING:
            log.warning("the clock is off", extra={table_of(table).name: row_id})
        columns: dict[str, object] = {"called_at": now, "clock_ahead": ahead}
        if not issubclass(table, Errand):
            columns |= {"problem": None, "problem_values": "{}", "problem_at": None}
        with database.transaction() as session:
            session.execute(update(table).where(col(table.id) == row_id).values(columns))


def is_noted(known: Connection | CalendarLink, *, now: datetime) -> bool:
    """Whether the row says already that a call succeeds these minutes."""
    has_problem = isinstance(known, Connection) and known.problem
    return known.called_at is not None and now - known.called_at < AT_MOST_EVERY and not has_problem


def note_problem(
    database: Database, table: type[Connection | CalendarLink], row_id: int, error: ProviderError, *, now: datetime
) -> None:
    """Never raises. A trouble of one meeting or teacher is none of the connection; a row that is an errand keeps the
    troubles of its errand."""
    if issubclass(table, Errand) or error.code in _OF_ONE_MEETING:
        return
    if not error.retry and error.code not in _OF_THE_CONNECTION:
        return
    row = (col(table.id) == row_id, col(table.disconnected_at).is_(None))
    is_new = or_(col(table.problem_at).is_(None), col(table.problem_at) < now - AT_MOST_EVERY)
    values = json.dumps(error.values, default=str)
    columns = {"problem": error.message[:500], "problem_values": values, "problem_at": now}
    with suppress(*DATABASE_TROUBLE), database.transaction() as session:
        session.execute(update(table).where(*row, is_new).values(columns))
