"""One request, one effect: a form's key is stored with its result, and the same form sent again gets that."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from webapp.models import RequestKey
from webapp.models.base import table_of
from webapp.prepared import Prepared
from webapp.services.booking.errors import KeyUsed

_TABLE = table_of(RequestKey)
_KEY = _TABLE.c
_KNOWN = Prepared(select(_KEY.action, _KEY.fingerprint, _KEY.login_id, _KEY.result).where(_KEY.key == bindparam("key")))
_KEEP = Prepared(update(_TABLE).where(_KEY.key == bindparam("of_key")).values(result=bindparam("got")))
_TAKE = {
    dialect: Prepared(insert(_TABLE).on_conflict_do_nothing().returning(_KEY.key), _KEY.keys())
    for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def take_key(
    session: Session,
    key: str,
    action: str,
    *asked: object,
    login_id: int | None,
    now: datetime,
    result: dict[str, Any] | None = None,
) -> dict[str, Any] | None:
    """What the same request got before, or None: then the key is taken for this one, in the transaction of its
    effect. A 409 or 422 rolls it back, and the form may be sent again.

    The same form sent twice at once: the primary key makes the second wait until the first is done. Raises KeyUsed if
    the key carried something else, or came from another login. `result` may be told afterwards, by `keep_result`.
    """
    row = {
        "key": _hash(key),
        "action": action,
        "fingerprint": _hash(repr(asked)),
        "login_id": login_id,
        "result": json.dumps(result or {}),
        "created_at": now,
    }
    if _TAKE[session.connection().dialect.name].first(session, row):
        return None
    known = _KNOWN.first(session, {"key": row["key"]})
    if known[:3] != (action, row["fingerprint"], login_id):
        raise KeyUsed
    earlier: dict[str, Any] = json.loads(known.result)
    return earlier


def keep_result(session: Session, key: str, result: dict[str, Any]) -> None:
    """For a deed whose result is known only when it is done."""
    _KEEP.change(session, {"of_key": _hash(key), "got": json.dumps(result)})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
