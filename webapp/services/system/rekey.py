"""Close anew with the newest key what older ones closed, so that an older one can be taken out of the settings."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from webapp.models import Message, Task
from webapp.services.system.granted import live_grants, opens
from webapp.services.system.tokens import Grant, reclose
from webapp.services.system.vault import vault_of


@dataclass(frozen=True)
class _Waiting:
    """Of a mail or a task that is not done yet, what is encrypted, within the `whole` column in which it stands."""

    column: Any
    id: int
    whole: str
    closed: str


def under_older_keys(session: Session) -> int:
    """Of how many live connections, calendar links, mails and tasks the newest key does not open what another does."""
    return len(_older_grants(session)) + len(_older_waiting(session))


def rekey(session: Session) -> int:
    """How many were closed anew; what needed none is not written."""
    grants, waiting = _older_grants(session), _older_waiting(session)
    for row in grants:
        session.refresh(row, with_for_update=True)
        reclose(session, row)
    for one in waiting:
        _reclose(session, one)
    session.flush()
    return len(grants) + len(waiting)


def _older_grants(session: Session) -> list[Grant]:
    return [row for row in live_grants(session) if opens(session, row) and not _is_newest(session, row)]


def _is_newest(session: Session, row: Grant) -> bool:
    vault = vault_of(session)
    held = (row.access_token, row.refresh_token, row.former_refresh_token)
    return all(vault.is_newest(closed) for closed in held if closed)


def _older_waiting(session: Session) -> list[_Waiting]:
    vault = vault_of(session)
    return [one for one in _waiting(session) if vault.is_older(one.closed)]


def _waiting(session: Session) -> Iterator[_Waiting]:
    """Any text among a task's arguments may be such; what was not encrypted no key opens."""
    messages = select(col(Message.id), col(Message.secret)).where(col(Message.secret) != "")
    for number, secret in session.execute(messages.order_by(col(Message.id))):
        yield _Waiting(col(Message.secret), number, secret, secret)
    tasks = select(col(Task.id), col(Task.arguments)).where(col(Task.ended_at).is_(None))
    for number, arguments in session.execute(tasks.order_by(col(Task.id))):
        for value in json.loads(arguments).values():
            if isinstance(value, str):
                yield _Waiting(col(Task.arguments), number, arguments, value)


def _reclose(session: Session, one: _Waiting) -> None:
    """Unless it was sent or written anew at this moment: whoever did so closed by the newest key, or closed nothing."""
    table, fresh = one.column.class_, vault_of(session).closed_anew(one.closed)
    mine = update(table).where(col(table.id) == one.id, one.column == one.whole)
    session.execute(mine.values({one.column: one.whole.replace(one.closed, fresh)}))
