"""Look at the provider's users anew because something about them changed, once for however many changes."""

from datetime import datetime, timedelta

from sqlmodel import Session

from webapp.models import Connection
from webapp.services.meeting.map_contacts import KIND
from webapp.services.system.task import latest_task, start_task

QUIET = timedelta(seconds=10)
"""Changes come in swarms: a mapping that begins so much later has seen them all."""


def remap_soon(session: Session, connection: Connection, *, now: datetime) -> None:
    """Whoever calls holds the connection's lock. A mapping that has begun may have read the users before the change,
    so it does not count; one that has not begun does."""
    if not connection.is_live:
        return
    latest = latest_task(session, connection.school_id, KIND)
    if latest and latest.ended_at is None and latest.due_at is not None and latest.claim is None:
        return
    task = start_task(session, connection.school_id, KIND, {"provider": connection.provider}, None, now)
    task.due_at = now + QUIET
