"""End at the provider a grant that was given up here: its tokens wait, encrypted, until the provider has answered
(OAUTH-027)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session, col

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import CalendarLink, Connection, Task
from webapp.providers.base import Grants, Providers, Tokens
from webapp.services.system.errand import Claim, failed, next_try, settled, write_if_ours
from webapp.services.system.task import start_task
from webapp.services.system.tokens import Grant
from webapp.services.system.vault import Unreadable, vault_of

KIND = "revoke"
DIES_AFTER = timedelta(days=90)
"""By then the grant has ended by itself (PROVIDERS 1.1)."""


@dataclass(frozen=True)
class _GivenUp:
    provider: str
    account_id: str
    tokens: Tokens
    attempts: int


def queue_revoke(
    session: Session, school_id: int, provider: str, tokens: Tokens, *, account_id: str, now: datetime
) -> None:
    task = start_task(session, school_id, KIND, {}, None, now)
    assert task.id is not None
    task.arguments = _closed(session, task.id, _GivenUp(provider, account_id, tokens, attempts=0))


def drop_revokes(session: Session, school_id: int, provider: str) -> None:
    """The provider ended the grant itself: nothing of it is kept."""
    waiting = select(Task).where(col(Task.school_id) == school_id, col(Task.kind) == KIND)
    for task in session.execute(waiting).scalars():
        if json.loads(task.arguments).get("provider") == provider:
            session.delete(task)


def run_revoke(database: Database, providers: Providers, claim: Claim, clock: Callable[[], datetime]) -> None:
    """No transaction is open during a call; it can be repeated without harm."""
    with database.reading() as session:
        task = session.execute(select(Task).where(col(Task.id) == claim.id)).scalar_one()
        if task.claim != claim.receipt:
            return
        given_up = _opened(session, task)
        is_void = given_up is None or task.created_at < clock() - DIES_AFTER or _is_taken_up_again(session, given_up)
    columns = settled() | {"arguments": "{}", "ended_at": clock()}
    if given_up and not is_void:
        try:
            grants = providers.handshake(given_up.provider)
            grants.revoke(_living(database, grants, claim, given_up, clock))
        except ProviderError as error:
            if error.code != "invalid_grant":  # which says that it has ended
                columns = failed(error, attempts=given_up.attempts, now=clock())
                columns["due_at"] = next_try(error, attempts=given_up.attempts, now=clock())
    with database.transaction() as session:
        write_if_ours(session, Task, claim, **columns)


def _living(
    database: Database, grants: Grants, claim: Claim, given_up: _GivenUp, clock: Callable[[], datetime]
) -> Tokens:
    """Only a living access token can end the grant. A renewed pair is stored first: the old one is void by then."""
    if given_up.tokens.expires_at > clock():
        return given_up.tokens
    renewed = grants.refresh(given_up.tokens)
    with database.transaction() as session:
        kept = _GivenUp(given_up.provider, given_up.account_id, renewed, given_up.attempts)
        write_if_ours(session, Task, claim, arguments=_closed(session, claim.id, kept))
    return renewed


def _is_taken_up_again(session: Session, given_up: _GivenUp) -> bool:
    """Connecting the same account anew voids the older tokens, and ending them might end the new grant too."""
    return any(
        row.is_live
        for table in (Connection, CalendarLink)
        for row in session.execute(_same_account(table, given_up)).scalars()
    )


def _same_account(table: type[Grant], given_up: _GivenUp) -> Select[Any]:
    """Whosever it is: two teachers may have linked one account, and providers end all that an account has granted."""
    return select(table).where(col(table.provider) == given_up.provider, col(table.account_id) == given_up.account_id)


def _closed(session: Session, task_id: int, given_up: _GivenUp) -> str:
    tokens = given_up.tokens
    secret = json.dumps([tokens.access, tokens.refresh, tokens.expires_at.isoformat()])
    closed = vault_of(session).close(secret, row=f"task {task_id} tokens")
    return json.dumps({"provider": given_up.provider, "account": given_up.account_id, "tokens": closed})


def _opened(session: Session, task: Task) -> _GivenUp | None:
    """None where no key opens the tokens: they are of no use to anybody then."""
    held = json.loads(task.arguments)
    try:
        secret = vault_of(session).open(held["tokens"], row=f"task {task.id} tokens")
    except Unreadable:
        return None
    access, refresh, expires_at = json.loads(secret)
    tokens = Tokens(access, refresh, datetime.fromisoformat(expires_at))
    return _GivenUp(held["provider"], held["account"], tokens, task.attempts)
