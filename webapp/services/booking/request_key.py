"""One request, one effect: a form's key is stored with its result, and the same form sent again gets that."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from webapp.models import RequestKey
from webapp.services.booking.errors import KeyUsed


def earlier_result(session: Session, key: str, action: str, *asked: object) -> dict[str, Any] | None:
    """What the same request got before, or None. Raises KeyUsed if the key carried something else."""
    _wait_for_twin(session, key)
    row = session.get(RequestKey, _hash(key))
    if row is None:
        return None
    if (row.action, row.fingerprint) != (action, _hash(repr(asked))):
        raise KeyUsed
    result: dict[str, Any] = json.loads(row.result)
    return result


def remember(
    session: Session,
    key: str,
    action: str,
    *asked: object,
    result: dict[str, Any],
    login_id: int | None,
    now: datetime,
) -> None:
    """In the transaction of the effect. A 409 or 422 is never remembered: the form may be sent again."""
    session.add(
        RequestKey(
            key=_hash(key),
            action=action,
            fingerprint=_hash(repr(asked)),
            login_id=login_id,
            result=json.dumps(result),
            created_at=now,
        )
    )
    session.flush()


def _wait_for_twin(session: Session, key: str) -> None:
    """The same form sent twice at once: the second looks when the first is done. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
