"""Give each due errand to one claimant, and let only its claimant settle it."""

import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, bindparam, literal, select, update
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError  # noqa: A004 - of the pool
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session

from webapp.errors import N_, Busy, ProviderError, Unsure
from webapp.models.base import table_of
from webapp.models.system.errand import Errand
from webapp.models.system.wished import ABSENT
from webapp.prepared import Prepared

LEASE = timedelta(seconds=60)
"""Longer than the hard deadline of a call (15 s) and the commit after it (RELIABILITY 2.3)."""

ASK_AGAIN_AFTER = timedelta(hours=1)
"""The pause of a removal that cannot be done: it is never given up, for it stands in no list of issues."""

MOST_FAULTS = 5
"""So often a row on which our own code fails comes back."""

DATABASE_TROUBLE = (Busy, Unsure, OperationalError, InterfaceError, TimeoutError)
"""Not the row's fault: it comes back after its lease as if nothing had been tried."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)


@dataclass(frozen=True)
class Claim:
    id: int
    receipt: str


def claim_due(session: Session, table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    """Up to `limit` due rows, longest due first, each given to this claimant until its lease ends."""
    rows: Any = table.__table__.c  # type: ignore[attr-defined]  # every table class has it
    due = select(rows.id).where(rows.due_at <= now).order_by(rows.due_at).limit(limit).with_for_update(skip_locked=True)
    return lease(session, table, session.execute(due).scalars().all(), now=now)


def lease(session: Session, table: type[Errand], ids: Sequence[int], *, now: datetime) -> list[Claim]:
    """Give rows, which are locked, to this claimant."""
    claims = [Claim(number, secrets.token_hex(12)) for number in ids]
    if claims:
        until = now + LEASE
        each = [{"number": claim.id, "receipt": claim.receipt, "until": until} for claim in claims]
        _giving(table).change_each(session, each)
    return claims


def renew(session: Session, table: type[Errand], claim: Claim, *, now: datetime) -> bool:
    """Begin the lease anew; False means that another has the row by now."""
    return write_if_ours(session, table, claim, due_at=now + LEASE)


def write_if_ours(session: Session, table: type[Errand], claim: Claim, /, **values: object) -> bool:
    """Write where the claim is still ours; False means that a newer wish or claimant overtook this one."""
    rows: Any = table.__table__  # type: ignore[attr-defined]  # every table class has it
    session.flush()
    mine = update(rows).where(rows.c.id == claim.id, rows.c.claim == claim.receipt).values(values)
    result = session.execute(mine)
    assert isinstance(result, CursorResult)
    known = session.identity_map.get(identity_key(table, claim.id))
    if known is not None:
        session.expire(known)  # the statement did not ask the ORM, which takes twice the time
    return result.rowcount == 1


def write_each_if_ours(session: Session, table: type[Errand], columns: Mapping[Claim, Mapping[str, object]]) -> None:
    """As `write_if_ours` of several claims: one statement for all that write the same columns."""
    session.flush()
    alike: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for claim, values in columns.items():
        each = {
            "number": claim.id,
            "receipt": claim.receipt,
            **{f"new_{name}": value for name, value in values.items()},
        }
        alike.setdefault(tuple(values), []).append(each)
    for names, some in alike.items():
        _writing(table, names).change_each(session, some)
    for claim in columns:
        known = session.identity_map.get(identity_key(table, claim.id))
        if known is not None:
            session.expire(known)


def settled() -> dict[str, object]:
    """The columns of an errand whose wish has come true."""
    return {"due_at": None, "claim": None, "attempts": 0, "attempt_at": None, **no_problem()}


def no_problem() -> dict[str, object]:
    return {"problem": None, "problem_values": "{}", "problem_code": "", "problem_detail": "", "problem_at": None}


def failed(error: ProviderError, *, attempts: int, now: datetime) -> dict[str, object]:
    """The columns of an errand that did not succeed: tried again after a growing pause, or given up."""
    return {
        "claim": None,
        "due_at": next_try(error, attempts=attempts, now=now) if error.retry else None,
        "problem": error.message,
        "problem_values": json.dumps(error.values, default=str),
        "problem_code": error.code,
        "problem_detail": error.detail[:1000],
        "problem_at": now,
    }


def count_fault(session: Session, table: type[Errand], claim: Claim, *, now: datetime) -> None:
    """Our own code failed on this row: it comes back after its lease, and is given up with a reason after the last; a
    removal is not, but comes back more seldom."""
    rows: Any = table.__table__.c  # type: ignore[attr-defined]  # every table class has it
    wish = rows.wish if "wish" in rows else literal("")
    known = select(rows.problem_code, rows.attempts, wish.label("wish"))
    row = session.execute(known.where(rows.id == claim.id, rows.claim == claim.receipt)).first()
    if row is None:
        return
    words = N_("Confab itself failed here. The operator finds the reason in its log.")
    fault = ProviderError(words, retry=False, code="fault")
    faults = row.attempts if row.problem_code == fault.code else 1
    columns = failed(fault, attempts=faults, now=now) | {"attempts": faults}
    if faults < MOST_FAULTS:
        del columns["due_at"]
    elif row.wish == ABSENT:
        columns["due_at"] = now + ASK_AGAIN_AFTER
    write_if_ours(session, table, claim, **columns)


def next_try(error: ProviderError, *, attempts: int, now: datetime) -> datetime:
    """Never sooner than the provider asked."""
    by_ourselves = growing_pause(attempts, now=now)
    return max(by_ourselves, error.after) if error.after else by_ourselves


def growing_pause(attempts: int, *, first: timedelta = FIRST_PAUSE, now: datetime) -> datetime:
    """When it ends: pauses double from 5 s to 10 minutes, with jitter."""
    pause = min(first * 2 ** min(attempts - 1, 10), LONGEST_PAUSE) if attempts else first
    return now + pause * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret


def is_any_due(session: Session, table: type[Errand], *, now: datetime) -> bool:
    """Look before claiming: an idle tick must not take the writer's place."""
    return _due(table).first(session, {"now": now}) is not None


@cache
def _due(table: type[Errand]) -> Prepared:
    rows = table_of(table).c
    return Prepared(select(rows.id).where(rows.due_at <= bindparam("now")).limit(1))


@cache
def _giving(table: type[Errand]) -> Prepared:
    rows = table_of(table)
    given = {"claim": bindparam("receipt"), "due_at": bindparam("until"), "attempts": rows.c.attempts + 1}
    return Prepared(update(rows).where(rows.c.id == bindparam("number")).values(given))


@cache
def _writing(table: type[Errand], names: tuple[str, ...]) -> Prepared:
    rows = table_of(table)
    mine = update(rows).where(rows.c.id == bindparam("number"), rows.c.claim == bindparam("receipt"))
    return Prepared(mine.values({name: bindparam(f"new_{name}") for name in names}))
