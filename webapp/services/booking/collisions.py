"""Turn appointments red whose teacher is busy in a calendar of their own by now, and let them be when that has gone.

Nobody's appointment is dropped for it: the office moves, cancels or confirms it. What it confirmed it has judged, until
another busy time comes up.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session, col

from webapp.models import Appointment, BusyTime, ResourceMember, Slot
from webapp.models.booking.appointment import CALENDAR_BUSY
from webapp.services.booking.agenda import standing
from webapp.services.calendar.busy import has_busy
from webapp.services.system import audit


def mark_collisions(session: Session, *where: ColumnElement[bool], now: datetime) -> int:
    """Of the appointments that meet the conditions on Appointment; how many have changed. What is red for another
    reason is left as it is. As a rule nothing has changed, and nothing is written."""
    session.flush()
    colliding = _ids(session, *where, col(Appointment.problem).is_(None), _collides(), col(Slot.ends_at) > now)
    settled = _ids(session, *where, *_is_settled())
    for ids, was, problem in ((colliding, None, CALENDAR_BUSY), (settled, CALENDAR_BUSY, None)):
        if ids:
            _turn(session, ids, was, problem, now=now)
    return len(colliding) + len(settled)


def mark_collisions_of(session: Session, contact_id: int, *, now: datetime) -> int:
    """Of all resources of a teacher, alone or in teams."""
    mine = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id) == contact_id)
    return mark_collisions(session, col(Appointment.resource_id).in_(mine), now=now)


def any_settled(session: Session) -> bool:
    """Whether some is red although the busy time has gone: the calendar was parted from."""
    return bool(_ids(session, *_is_settled()))


def let_settled_be(session: Session, *, now: datetime) -> int:
    settled = _ids(session, *_is_settled())
    if settled:
        _turn(session, settled, CALENDAR_BUSY, None, now=now)
    return len(settled)


def _is_settled() -> tuple[ColumnElement[bool], ...]:
    return col(Appointment.problem) == CALENDAR_BUSY, ~_collides()


def _ids(session: Session, *where: ColumnElement[bool]) -> Sequence[Any]:
    query = (
        select(col(Appointment.id), col(Appointment.school_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(*where, standing())
        .order_by(col(Appointment.id))
    )
    return session.execute(query).all()


def _collides() -> ColumnElement[bool]:
    judged = col(Appointment.calendar_judged_at)
    is_news = or_(judged.is_(None), col(BusyTime.seen_at) > judged)
    return has_busy(col(Appointment.resource_id), col(Slot.starts_at), col(Slot.ends_at), is_news)


def _turn(session: Session, rows: Sequence[Any], was: str | None, problem: str | None, *, now: datetime) -> None:
    """Where nobody else has said otherwise meanwhile."""
    of_these = update(Appointment).where(col(Appointment.id).in_([row.id for row in rows]), standing())
    still = of_these.where(col(Appointment.problem).is_(None) if was is None else col(Appointment.problem) == was)
    session.execute(still.values(problem=problem), execution_options={"synchronize_session": False})
    session.expire_all()
    deed = "appointment.collides" if problem else "appointment.collides_no_more"
    for row in rows:
        subject = f"appointment {row.id}"
        audit.record(session, deed, who=audit.SYSTEM, school_id=row.school_id, subject=subject, now=now)
