"""Give what stands at one place to one claimant after the other: a provider refuses a second write there meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select, tuple_
from sqlmodel import Session

from webapp.models.base import table_of
from webapp.models.system.errand import Errand
from webapp.prepared import Prepared, padded
from webapp.services.system import errand
from webapp.services.system.errand import Claim, lease

Place = Callable[[Any], tuple[Any, ...]]
"""What names the place of a row; given the columns of a table, in the database's terms."""

ONE_CALL = timedelta(seconds=25)
"""A place is kept no longer than a step lasts: a claimant that died must not hold up what else is due there."""


def claim_in_turns(
    session: Session, table: type[Errand], *, place: Place, now: datetime, limit: int, turn: int = 1
) -> list[Claim]:
    """Due rows of up to `limit` places, longest due first, at each as many as a `turn` may have, but none of a place
    that is being written to."""
    session.flush()
    given_since = max(now, now + errand.LEASE - ONE_CALL)
    found = _first(table, place).all(session, {"now": now, "given_since": given_since, "most": limit})
    if found and turn > 1:
        first = padded([row.id for row in found])
        found = _whole_turns(table, place).all(session, {"now": now, "first": first, "turn": turn})
    return lease(session, table, [row.id for row in found], now=now)


@cache
def _first(table: type[Errand], place: Place) -> Prepared:
    """Of each place the row that is longest due, where nobody writes to it."""
    rows = table_of(table)
    ranked, other = _ranked(rows, place), rows.alias()
    busy = select(other.c.id).where(
        *(theirs == ours for theirs, ours in zip(place(other.c), place(rows.c), strict=True)),
        other.c.claim.is_not(None),
        other.c.due_at > bindparam("given_since"),
    )
    first = rows.c.id.in_(select(ranked.c.id).where(ranked.c.nth == 1))
    return Prepared(_locked(rows, first, ~busy.exists()).limit(bindparam("most")))


@cache
def _whole_turns(table: type[Errand], place: Place) -> Prepared:
    """With those that come next at the same places. Who has locked the first one has the turn."""
    rows = table_of(table)
    same = select(*place(rows.c)).where(rows.c.id.in_(bindparam("first", expanding=True)))
    ranked = _ranked(rows, place, tuple_(*place(rows.c)).in_(same))
    return Prepared(_locked(rows, rows.c.id.in_(select(ranked.c.id).where(ranked.c.nth <= bindparam("turn")))))


def _locked(rows: Any, *where: Any) -> Any:
    due = select(rows.c.id).where(*where, rows.c.due_at <= bindparam("now"))
    return due.order_by(rows.c.due_at, rows.c.id).with_for_update(skip_locked=True)


def _ranked(rows: Any, place: Place, *where: Any) -> Any:
    """Of all that are due at a place, numbered, so that all processes see the same one as the first."""
    nth = func.row_number().over(partition_by=place(rows.c), order_by=(rows.c.due_at, rows.c.id))
    return select(rows.c.id, nth.label("nth")).where(rows.c.due_at <= bindparam("now"), *where).subquery()
