"""Tell teachers who logged in as them, and when (RELIABILITY T10)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from webapp.models import Audit, Contact

MOST = 50


@dataclass(frozen=True)
class ActedAs:
    """`by` is empty where the person is no longer known to the school; `deeds` counts what was done besides."""

    at: datetime
    by: str
    until: datetime | None
    deeds: int


def acted_as(session: Session, contact: Contact) -> list[ActedAs]:
    """Newest first, in two queries."""
    starts = _of(contact, "log_in_as.start").order_by(col(Audit.at).desc(), col(Audit.id).desc()).limit(MOST)
    rows = [*session.execute(starts)]
    later = list(session.execute(_of(contact).where(col(Audit.at) >= rows[-1].at))) if rows else []
    return [_told(row, later, before=rows[n - 1].id if n else None) for n, row in enumerate(rows)]


def _of(contact: Contact, action: str | None = None):  # type: ignore[no-untyped-def]  # a SELECT of labelled columns
    own = select(func.min(col(Contact.id))).where(
        col(Contact.login_id) == col(Audit.login_id), col(Contact.school_id) == contact.school_id
    )
    query = (
        select(col(Audit.id), col(Audit.at), col(Audit.login_id), col(Audit.action), Contact)
        .outerjoin(Contact, and_(col(Contact.id) == own.correlate(Audit).scalar_subquery()))
        .where(col(Audit.acting_as_id) == contact.id, col(Audit.school_id) == contact.school_id)
    )
    return query.where(col(Audit.action) == action) if action else query


def _told(start, later, *, before: int | None) -> ActedAs:  # type: ignore[no-untyped-def]  # rows of `_of`
    theirs = [
        row for row in later if row.login_id == start.login_id and row.id > start.id and (not before or row.id < before)
    ]
    ends = [row.at for row in theirs if row.action == "log_in_as.end"]
    deeds = [row for row in theirs if row.action not in {"log_in_as.start", "log_in_as.end"}]
    return ActedAs(start.at, start.Contact.name if start.Contact else "", ends[0] if ends else None, len(deeds))
