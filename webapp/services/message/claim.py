"""Give each due mail to one claimant, those for which somebody waits at the door before all others."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session

from webapp.models import Message
from webapp.models.base import table_of
from webapp.models.message.message import SIGN_IN_CODE, SIGN_IN_LINK
from webapp.models.system.errand import Errand
from webapp.prepared import Prepared
from webapp.services.system.errand import Claim, claim_due, lease

NEWEST = 500
"""Among so many that became due last a claim looks for sign-ins, for whoever waits has just asked. To look at all that
are due would hold up whoever writes, at each claim and the longer the more there are."""


def claim_mails(session: Session, table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    """As `claim_due`: a code is good for ten minutes, and thousands of mails may be due at once."""
    first = lease(session, table, _sign_ins(session, now=now, limit=limit), now=now)
    room = limit - len(first)
    return [*first, *claim_due(session, table, now=now, limit=room)] if room else first


def _sign_ins(session: Session, *, now: datetime, limit: int) -> Sequence[int]:
    """Codes first, for an office may send links to all its teachers at once; of each kind longest due first."""
    found = [row.id for row in _AMONG_NEWEST.all(session, {"now": now, "newest": NEWEST})]
    if not found:
        return []
    rows = table_of(Message).c
    due = select(rows.id).where(rows.id.in_(found), rows.due_at <= now)
    first = due.order_by(rows.kind != SIGN_IN_CODE, rows.due_at).limit(limit)
    return session.execute(first.with_for_update(skip_locked=True)).scalars().all()


def _among_newest() -> Prepared:
    rows = table_of(Message).c
    due = select(rows.id, rows.kind).where(rows.due_at <= bindparam("now")).order_by(rows.due_at.desc())
    newest = due.limit(bindparam("newest")).subquery()
    return Prepared(select(newest.c.id).where(newest.c.kind.in_((SIGN_IN_CODE, SIGN_IN_LINK))))


_AMONG_NEWEST = _among_newest()
