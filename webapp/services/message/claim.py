"""Give each due mail to one claimant, those for which somebody waits at the door before all others."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session

from webapp.models import Message
from webapp.models.base import table_of
from webapp.models.message.message import AWAITED, SIGN_IN_CODE
from webapp.models.system.errand import Errand
from webapp.prepared import Prepared
from webapp.services.system.errand import Claim, claim_due, lease


def claim_mails(session: Session, table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    """As `claim_due`: a code is good for ten minutes, and thousands of mails may be due at once. Codes come before
    links, which an office may send to all its teachers at once."""
    session.flush()
    found = [row.id for row in _SIGN_INS.all(session, {"now": now, "most": limit})]
    first = lease(session, table, found, now=now)
    room = limit - len(first)
    return [*first, *claim_due(session, table, now=now, limit=room)] if room else first


_ROW = table_of(Message).c
_SIGN_INS = Prepared(
    select(_ROW.id)
    .where(AWAITED, _ROW.due_at <= bindparam("now"))
    .order_by(_ROW.kind != SIGN_IN_CODE, _ROW.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
