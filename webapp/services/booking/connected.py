"""Say in the database's own terms whether the school's account at a provider may be called."""

from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from webapp.models import Connection, Meeting
from webapp.models.meeting.connection import BY_CONSENT


def is_connected(school_id: Any) -> ColumnElement[bool]:
    """Of a meeting and the connection of a school (a column) to its provider, as `Connection.is_live`."""
    return and_(
        col(Connection.school_id) == school_id,
        col(Connection.provider) == col(Meeting.provider),
        col(Connection.connected_at).is_not(None),
        col(Connection.disconnected_at).is_(None),
        col(Connection.needs_reconnect_at).is_(None),
        col(Connection.grant_type) == BY_CONSENT,
    )
