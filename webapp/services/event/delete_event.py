"""Delete an event: hidden at once, its coming appointments cancelled, kept for a while; the roster stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Appointment, Event, Meeting, Occupancy, Resource, Slot
from webapp.models.system.wished import ABSENT
from webapp.services.booking.agenda import standing
from webapp.services.booking.consequences import follow
from webapp.services.booking.still_outside import is_still_outside
from webapp.services.event.settings import future_appointments
from webapp.services.event.whole import lock_whole
from webapp.services.system import audit
from webapp.services.system.audit import Who

KEPT_FOR = timedelta(days=30)
"""How long a deleted event can be restored."""


@dataclass(frozen=True)
class Losses:
    """What goes with an event. `coming` of its standing appointments are not over; `meetings` are removed at the
    provider."""

    resources: int
    slots: int
    appointments: int
    coming: int
    families: int
    meetings: int


def losses_of(session: Session, event: Event, *, now: datetime) -> Losses:
    resources = _count(session, Resource, col(Resource.event_id) == event.id)
    slots = _count(session, Slot, col(Slot.event_id) == event.id, col(Slot.removed_at).is_(None))
    standing_here = (col(Appointment.event_id) == event.id, standing())
    is_coming = col(Appointment.slot_id).in_(
        select(col(Slot.id)).where(col(Slot.event_id) == event.id, col(Slot.ends_at) > now)
    )
    families = select(func.count(func.distinct(col(Appointment.contact_id)))).where(*standing_here, is_coming)
    with_link = col(Appointment.id).in_(
        select(col(Meeting.appointment_id)).where(
            col(Meeting.remote_id).is_not(None), col(Meeting.gone_at).is_(None), col(Meeting.wish) != ABSENT
        )
    )
    return Losses(
        resources,
        slots,
        _count(session, Appointment, *standing_here),
        _count(session, Appointment, *standing_here, is_coming),
        session.execute(families).scalar_one(),
        _count(session, Appointment, *standing_here, is_coming, with_link),
    )


def delete_event(session: Session, event: Event, *, confirmed: str, who: Who, now: datetime) -> Losses:
    """Meetings are retired first, so that the jobs remove them at the provider: until they are gone their rows stay.

    Raises Invalid on "name" where coming appointments stand and `confirmed` is not the event's name."""
    lock_whole(session, event)
    losses = losses_of(session, event, now=now)
    if losses.coming and _as_read(confirmed) != _as_read(event.name):
        raise Invalid(N_("Type the name of the event as it stands above."), field="name")
    cancelled = future_appointments(session, event, now=now)
    mine = (col(Appointment.event_id) == event.id, col(Appointment.id).in_(cancelled))
    session.execute(update(Appointment).where(*mine).values(cancelled_at=now, held_until=None))
    _release(session, event, now=now)
    # Marked with the very moment, by which a restore knows them again.
    there = (col(Slot.event_id) == event.id, col(Slot.removed_at).is_(None))
    session.execute(update(Slot).where(*there).values(removed_at=now, version=col(Slot.version) + 1))
    event.deleted_at = now
    session.add(event)
    detail = {"resources": losses.resources, "slots": losses.slots, "cancelled": len(cancelled)}
    _record(session, event, "event.delete", who=who, now=now, **detail)
    follow(session, cancelled, now=now)
    return losses


def deleted_events(session: Session, school_id: int, *, now: datetime) -> Sequence[Event]:
    """Those that can be restored, the last deleted first."""
    query = select(Event).where(col(Event.school_id) == school_id, col(Event.deleted_at) > now - KEPT_FOR)
    return session.execute(query.order_by(col(Event.deleted_at).desc(), col(Event.id).desc())).scalars().all()


def restore_event(session: Session, school_id: int, event_id: int, *, who: Who, now: datetime) -> Event:
    """With its teachers and slots; what was cancelled stays so, for families were told. Idempotent: what is there
    stays as it is. Raises NotFound."""
    is_kept = or_(col(Event.deleted_at).is_(None), col(Event.deleted_at) > now - KEPT_FOR)
    mine = (col(Event.id) == event_id, col(Event.school_id) == school_id, is_kept)
    event: Event | None = session.execute(select(Event).where(*mine).with_for_update()).scalar_one_or_none()
    if event is None:
        raise NotFound
    if event.deleted_at is None:  # by a second click
        return event
    gone_with_it = (col(Slot.event_id) == event.id, col(Slot.removed_at) == event.deleted_at)
    session.execute(update(Slot).where(*gone_with_it).values(removed_at=None, version=col(Slot.version) + 1))
    event.deleted_at = None
    session.add(event)
    session.flush()
    _record(session, event, "event.restore", who=who, now=now)
    return event


def forget_deleted(session: Session, *, now: datetime) -> None:
    """After the time in which it could be restored, once no provider has anything of it any more that has to go."""
    is_leaving = exists().where(col(Appointment.event_id) == col(Event.id), is_still_outside())
    session.execute(delete(Event).where(col(Event.deleted_at) <= now - KEPT_FOR, ~is_leaving))


def _as_read(name: str) -> str:
    """A page shows several spaces as one."""
    return " ".join(name.casefold().split())


def _release(session: Session, event: Event, *, now: datetime) -> None:
    """Nobody's coming minutes are held by the event any more."""
    coming = select(col(Slot.id)).where(col(Slot.event_id) == event.id, col(Slot.ends_at) > now)
    theirs = select(col(Appointment.id)).where(col(Appointment.slot_id).in_(coming))
    held = or_(col(Occupancy.slot_id).in_(coming), col(Occupancy.appointment_id).in_(theirs))
    session.execute(delete(Occupancy).where(held))


def _count(session: Session, table: type[Any], *where: ColumnElement[bool]) -> int:
    number: int = session.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    return number


def _record(session: Session, event: Event, action: str, *, who: Who, now: datetime, **detail: int) -> None:
    subject = f"event {event.id}"
    audit.record(session, action, who=who, school_id=event.school_id, subject=subject, now=now, **detail)
