"""Give each host's meetings to one claimant after the other: Zoom refuses a second write at a host meanwhile."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.models import Meeting
from webapp.models.system.errand import Errand
from webapp.services.system import errand
from webapp.services.system.errand import Claim, lease

ONE_CALL = timedelta(seconds=25)
"""A host is kept no longer than a step lasts: a claimant that died must not hold up the other meetings of the host."""


def claim_meetings(session: Session, _table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    """Up to `limit` due meetings, longest due first, no two of one host, none of a host that is being written to."""
    ranked = _first_of_hosts(now)
    first = select(ranked.c.id).where(ranked.c.nth == 1)
    other = aliased(Meeting)
    busy = select(col(other.id)).where(
        col(other.school_id) == col(Meeting.school_id),
        col(other.provider) == col(Meeting.provider),
        col(other.host_key) == col(Meeting.host_key),
        col(other.claim).is_not(None),
        col(other.due_at) > max(now, now + errand.LEASE - ONE_CALL),
    )
    due = select(col(Meeting.id)).where(col(Meeting.id).in_(first), col(Meeting.due_at) <= now, ~busy.exists())
    locked = due.order_by(col(Meeting.due_at), col(Meeting.id)).limit(limit).with_for_update(skip_locked=True)
    return lease(session, Meeting, session.execute(locked).scalars().all(), now=now)


def _first_of_hosts(now: datetime) -> Any:
    """Of all that are due at a host, numbered, so that all processes see the same one as the first."""
    host = (col(Meeting.school_id), col(Meeting.provider), col(Meeting.host_key))
    nth = func.row_number().over(partition_by=host, order_by=(col(Meeting.due_at), col(Meeting.id)))
    return select(col(Meeting.id), nth.label("nth")).where(col(Meeting.due_at) <= now).subquery()
