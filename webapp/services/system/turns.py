"""Give what stands at one place to one claimant after the other: a provider refuses a second write there meanwhile."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.models.system.errand import Errand
from webapp.services.system import errand
from webapp.services.system.errand import Claim, lease

ONE_CALL = timedelta(seconds=25)
"""A place is kept no longer than a step lasts: a claimant that died must not hold up what else is due there."""


def claim_in_turns(
    session: Session, table: type[Errand], *, place: tuple[str, ...], now: datetime, limit: int, turn: int = 1
) -> list[Claim]:
    """Due rows of up to `limit` places (the columns that name one), longest due first, at each as many as a `turn` may
    have, none of a place that is being written to."""
    row: Any = table
    ranked = _ranked(row, place, now)
    first = select(ranked.c.id).where(ranked.c.nth == 1)
    other: Any = aliased(row)
    busy = select(col(other.id)).where(
        *(col(getattr(other, name)) == col(getattr(row, name)) for name in place),
        col(other.claim).is_not(None),
        col(other.due_at) > max(now, now + errand.LEASE - ONE_CALL),
    )
    due = select(col(row.id)).where(col(row.id).in_(first), col(row.due_at) <= now, ~busy.exists())
    locked = due.order_by(col(row.due_at), col(row.id)).limit(limit).with_for_update(skip_locked=True)
    ids = session.execute(locked).scalars().all()
    if ids and turn > 1:
        ids = _whole_turns(session, row, place, ids, turn, now)
    return lease(session, table, ids, now=now)


def _whole_turns(
    session: Session, row: Any, place: tuple[str, ...], first: Sequence[int], turn: int, now: datetime
) -> Sequence[int]:
    """With those that come next at the same places. Who has locked the first one has the turn."""
    theirs = tuple_(*(col(getattr(row, name)) for name in place))
    ranked = _ranked(row, place, now, theirs.in_(select(theirs).where(col(row.id).in_(first))))
    whole = select(ranked.c.id).where(ranked.c.nth <= turn)
    locked = select(col(row.id)).where(col(row.id).in_(whole), col(row.due_at) <= now)
    return (
        session.execute(locked.order_by(col(row.due_at), col(row.id)).with_for_update(skip_locked=True)).scalars().all()
    )


def _ranked(row: Any, place: tuple[str, ...], now: datetime, *where: Any) -> Any:
    """Of all that are due at a place, numbered, so that all processes see the same one as the first."""
    of_place = [col(getattr(row, name)) for name in place]
    nth = func.row_number().over(partition_by=of_place, order_by=(col(row.due_at), col(row.id)))
    return select(col(row.id), nth.label("nth")).where(col(row.due_at) <= now, *where).subquery()
