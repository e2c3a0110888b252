"""Keep long work that a person watches: what, how far, and what came of it."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import ProviderError
from webapp.models import Task
from webapp.models.system.errand import Errand
from webapp.services.system.errand import LEASE, Claim, failed, lease, settled, write_if_ours


def start_task(
    session: Session, school_id: int, kind: str, arguments: Mapping[str, object], contact_id: int | None, now: datetime
) -> Task:
    """Due at once; the job is woken when the transaction is committed."""
    task = Task(
        school_id=school_id,
        kind=kind,
        arguments=json.dumps(arguments),
        contact_id=contact_id,
        created_at=now,
        due_at=now,
    )
    session.add(task)
    session.flush()
    wake(session, "task")
    return task


def claim_kinds(
    session: Session, table: type[Errand], *, kinds: Collection[str], now: datetime, limit: int
) -> list[Claim]:
    """As `errand.claim_due`, of tasks of these kinds alone."""
    due = select(col(Task.id)).where(col(Task.due_at) <= now, col(Task.kind).in_(kinds))
    some = due.order_by(col(Task.due_at)).limit(limit).with_for_update(skip_locked=True)
    return lease(session, table, [number for number in session.execute(some).scalars() if number], now=now)


def latest_task(session: Session, school_id: int, kind: str) -> Task | None:
    """The one that was started last, ended or not."""
    query = (
        select(Task)
        .where(col(Task.school_id) == school_id, col(Task.kind) == kind)
        .order_by(col(Task.id).desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def is_under_way(task: Task) -> bool:
    """Waiting for its turn or running; neither ended nor given up."""
    return task.ended_at is None and task.due_at is not None


def progress(session: Session, claim: Claim, *, done: int, total: int, now: datetime) -> bool:
    """Say how far it is and keep the claim for another lease. False if the claim is not ours any more: then stop."""
    return write_if_ours(session, Task, claim, done=done, total=total, due_at=now + LEASE)


class Overtaken(Exception):
    """The claim went to another process, which goes on where we were."""


def keep_step(session: Session, claim: Claim, *, done: int, result: Mapping[str, object], now: datetime) -> None:
    """Say how far it is in the transaction of what was done, so that nothing is done or counted twice. Raises
    Overtaken, which undoes it, if the claim is not ours any more."""
    said = {"done": done, "result": json.dumps(result), "due_at": now + LEASE}
    if not write_if_ours(session, Task, claim, **said):
        raise Overtaken


def end_task(
    session: Session,
    claim: Claim,
    *,
    result: Mapping[str, object] | None = None,
    problem: ProviderError | None = None,
    now: datetime,
) -> bool:
    """Ended with a result or with a problem, which the person who watches may start anew."""
    columns = settled()
    if problem is not None:
        columns |= failed(problem, attempts=0, now=now) | {"due_at": None}
    return write_if_ours(session, Task, claim, **columns, result=json.dumps(result or {}), ended_at=now)
