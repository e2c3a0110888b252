"""Read each connected school's users once a night and after they changed, whatever the number of processes."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from webapp.models import Connection, School
from webapp.services.meeting.map_contacts import is_mapping, start_mapping

_HOUR = 3
_JITTER = timedelta(hours=2)
"""So that schools of one zone do not all ask at once."""
_LATER = timedelta(minutes=1)
_AT_ONCE = 20


def is_any_mapping_due(session: Session, *, now: datetime) -> bool:
    """Look before writing: an idle tick must not take the writer's place."""
    return session.execute(select(col(Connection.id)).where(_is_due(now)).limit(1)).first() is not None


def start_due_mappings(session: Session, *, now: datetime) -> None:
    """One run at a time per school; what is wished while it is under way is read again after it."""
    query = select(Connection, School).join(School, col(School.id) == col(Connection.school_id)).where(_is_due(now))
    due = query.order_by(col(Connection.map_due_at)).limit(_AT_ONCE).with_for_update(of=Connection, skip_locked=True)
    for connection, school in session.execute(due.execution_options(populate_existing=True)).all():
        if connection.map_due_at and is_mapping(session, connection.school_id):
            connection.map_due_at = now + _LATER
            continue
        # A connection without a time was just made: its first mapping was started with it.
        if connection.map_due_at:
            start_mapping(session, connection.school_id, connection.provider, None, now)
        connection.map_due_at = next_night(school.zone, now=now)
    session.flush()


def next_night(zone: str, *, now: datetime) -> datetime:
    """Between 3 and 5 in the morning of a day on which none has been yet."""
    here = now.astimezone(ZoneInfo(zone))
    day = here.date() if here.hour < _HOUR else here.date() + timedelta(days=1)
    night = datetime(day.year, day.month, day.day, _HOUR, tzinfo=here.tzinfo).astimezone(now.tzinfo)
    return night + _JITTER * random.random()  # noqa: S311 - jitter, not a secret


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_live = and_(
        col(Connection.connected_at).is_not(None),
        col(Connection.disconnected_at).is_(None),
        col(Connection.needs_reconnect_at).is_(None),
    )
    return and_(is_live, or_(col(Connection.map_due_at).is_(None), col(Connection.map_due_at) <= now))
