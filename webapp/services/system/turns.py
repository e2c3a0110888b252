"""Give what stands at one place to one claimant after the other: a provider refuses a second write there meanwhile."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.models.system.errand import Errand
from webapp.services.system import errand
from webapp.services.system.errand import Claim, lease

ONE_CALL = timedelta(seconds=25)
"""A place is kept no longer than a step lasts: a claimant that died must not hold up what else is due there."""


def claim_in_turns(
    session: Session, table: type[Errand], *, place: tuple[str, ...], now: datetime, limit: int
) -> list[Claim]:
    """Up to `limit` due rows, longest due first, no two of one place (the columns that name it), none of a place that
    is being written to."""
    row: Any = table
    ranked = _first_of_places(row, place, now)
    first = select(ranked.c.id).where(ranked.c.nth == 1)
    other: Any = aliased(row)
    busy = select(col(other.id)).where(
        *(col(getattr(other, name)) == col(getattr(row, name)) for name in place),
        col(other.claim).is_not(None),
        col(other.due_at) > max(now, now + errand.LEASE - ONE_CALL),
    )
    due = select(col(row.id)).where(col(row.id).in_(first), col(row.due_at) <= now, ~busy.exists())
    locked = due.order_by(col(row.due_at), col(row.id)).limit(limit).with_for_update(skip_locked=True)
    return lease(session, table, session.execute(locked).scalars().all(), now=now)


def _first_of_places(row: Any, place: tuple[str, ...], now: datetime) -> Any:
    """Of all that are due at a place, numbered, so that all processes see the same one as the first."""
    of_place = [col(getattr(row, name)) for name in place]
    nth = func.row_number().over(partition_by=of_place, order_by=(col(row.due_at), col(row.id)))
    return select(col(row.id), nth.label("nth")).where(col(row.due_at) <= now).subquery()
