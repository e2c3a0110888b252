"""Look up one teacher at the provider again, for whom nobody wants to wait until all users are read (R70)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlmodel import Session, col

from webapp.db import Database
from webapp.errors import N_, ProviderError
from webapp.models import Contact, Task
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import Providers, RemoteUser
from webapp.services.meeting.account_users import store_users, stored_users
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.mapping import hold_mapping, match, picks_of, store_some
from webapp.services.meeting.pick import host_of
from webapp.services.meeting.teachers import teachers_to_map
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system.errand import Claim
from webapp.services.system.task import end_task, start_task

KIND = "map_teacher"


@dataclass(frozen=True)
class _Work:
    """`wanted` is the id that was picked by hand, or the teacher's address."""

    school_id: int
    provider: str
    connection_id: int
    contact_id: int
    wanted: str


@dataclass(frozen=True)
class Failure:
    """Why a look-up came to nothing, as a message id with its values, and when."""

    problem: str
    values: dict[str, Any]
    at: datetime


def start_lookup(session: Session, contact: Contact, provider: str, asked_by: int | None, now: datetime) -> Task:
    """While one of this teacher waits or runs, it is returned."""
    hold_mapping(session, contact.school_id, provider)
    waiting = _waiting(session, contact, provider)
    return waiting or start_task(session, contact.school_id, KIND, _arguments(contact, provider), asked_by, now)


def is_looked_up(session: Session, contact: Contact, provider: str) -> bool:
    return _waiting(session, contact, provider) is not None


def failed_lookup(session: Session, contact: Contact, provider: str) -> Failure | None:
    """Of the latest, unless the teacher was looked at since, or is being looked up again."""
    query = select(Task).where(_is_of(contact, provider)).order_by(col(Task.id).desc()).limit(1)
    latest: Task | None = session.execute(query).scalar_one_or_none()
    if latest is None or latest.due_at is not None or latest.problem is None or latest.problem_at is None:
        return None
    host = host_of(session, contact, provider)
    if host is not None and host.checked_at > latest.problem_at:
        return None
    return Failure(latest.problem, json.loads(latest.problem_values), latest.problem_at)


def run_lookup(database: Database, providers: Providers, claim: Claim, clock: Callable[[], datetime]) -> None:
    """No transaction is open during a call; it can be repeated without harm."""
    with database.reading() as session:
        task = session.execute(select(Task).where(col(Task.id) == claim.id)).scalar_one()
        if task.claim != claim.receipt:
            return
    try:
        result = _looked_up(database, providers, task, clock)
    except ProviderError as error:
        with database.transaction() as session:
            end_task(session, claim, problem=error, now=clock())
        return
    with database.transaction() as session:
        end_task(session, claim, result=result, now=clock())


def _looked_up(
    database: Database, providers: Providers, task: Task, clock: Callable[[], datetime]
) -> dict[str, object]:
    with database.reading() as session:
        work = _work(session, task)
    provider = providers.meetings[work.provider](ConnectionTokens(database, work.connection_id, clock))
    user = provider.user(work.wanted) if work.wanted else None
    rule = provider.passcode_rule(user.key) if user and user.key and user.status == "active" else None
    with database.transaction() as session:
        hold_mapping(session, work.school_id, work.provider)
        users = _merged(stored_users(session, work.school_id, work.provider), user, work.wanted)
        store_users(session, work.school_id, work.provider, users)
        picks = picks_of(session, work.school_id, work.provider)
        matches = match(teachers_to_map(session, work.school_id), users, picks)
        mine = [
            replace(m, rule=rule if m.state == MAPPED else None) for m in matches if m.contact_id == work.contact_id
        ]
        store_some(session, work.school_id, work.provider, mine, now=clock())
    return {"state": mine[0].state if mine else ""}


def _waiting(session: Session, contact: Contact, provider: str) -> Task | None:
    query = select(Task).where(_is_of(contact, provider), col(Task.due_at).is_not(None))
    found: Task | None = session.execute(query.limit(1)).scalar_one_or_none()
    return found


def _is_of(contact: Contact, provider: str) -> ColumnElement[bool]:
    same = (col(Task.kind) == KIND, col(Task.arguments) == json.dumps(_arguments(contact, provider)))
    return and_(col(Task.school_id) == contact.school_id, *same)


def _arguments(contact: Contact, provider: str) -> dict[str, object]:
    return {"provider": provider, "contact": contact.id}


def _work(session: Session, task: Task) -> _Work:
    asked = json.loads(task.arguments)
    connection = connection_of(session, task.school_id, asked["provider"])
    if connection is None or not connection.is_live:
        raise ProviderError(N_("Zoom is not connected"), retry=False, code="not_connected")
    contact = session.get(Contact, asked["contact"])
    picked = picks_of(session, task.school_id, asked["provider"]).get(asked["contact"])
    email = (contact.email or "") if contact else ""
    return _Work(task.school_id, asked["provider"], connection.id or 0, asked["contact"], picked or email)


def _merged(known: list[RemoteUser], user: RemoteUser | None, wanted: str) -> list[RemoteUser]:
    """What was known, with what was found in its place, or without what is gone."""
    gone = {wanted.casefold()} | ({user.key.casefold(), user.email.casefold()} if user else set())
    rest = [one for one in known if not gone & {one.key.casefold() or one.email.casefold(), one.email.casefold()}]
    return [*rest, user] if user else rest
