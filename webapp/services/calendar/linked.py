"""Say of calendar links, in the database's own terms, what they may be used for."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlmodel import Session, col

from webapp.models import CalendarLink


def is_live() -> ColumnElement[bool]:
    """As `CalendarLink.is_live`."""
    return and_(
        col(CalendarLink.connected_at).is_not(None),
        col(CalendarLink.disconnected_at).is_(None),
        col(CalendarLink.needs_reconnect_at).is_(None),
    )


def is_set_up() -> ColumnElement[bool]:
    """As `CalendarLink.is_set_up`."""
    return and_(
        col(CalendarLink.connected_at).is_not(None),
        col(CalendarLink.disconnected_at).is_(None),
        col(CalendarLink.calendar_id) != "",
        col(CalendarLink.saved_at).is_not(None),
    )


def is_export() -> ColumnElement[bool]:
    """As `CalendarLink.is_export` (R33)."""
    return and_(is_live(), is_set_up())


def has_export(contact_id: Any) -> ColumnElement[bool]:
    """Whether a contact (a column, or an id) has appointments written to a calendar of theirs."""
    return exists().where(col(CalendarLink.contact_id) == contact_id, is_export())


def gets_entries(session: Session, contact_id: int | None) -> bool:
    """Whether appointments reach a calendar of theirs by itself, now or once the grant lives again: then none is mailed
    to them as a file too (FAILURES F42)."""
    query = select(col(CalendarLink.id)).where(col(CalendarLink.contact_id) == contact_id, is_set_up())
    return session.execute(query.limit(1)).first() is not None


def linked_now(session: Session) -> tuple[int, int]:
    """Of all schools: how many links live, and how many wait for their owners to sign in again."""
    is_dead = and_(col(CalendarLink.needs_reconnect_at).is_not(None), col(CalendarLink.disconnected_at).is_(None))
    living, dead = (
        session.execute(select(func.count(col(CalendarLink.id))).where(where)).scalar_one()
        for where in (is_live(), is_dead)
    )
    return living, dead


def living_by_provider(session: Session) -> dict[str, int]:
    """Of all schools, how many links live."""
    query = select(col(CalendarLink.provider), func.count(col(CalendarLink.id))).where(is_live())
    return dict(iter(session.execute(query.group_by(col(CalendarLink.provider)))))
