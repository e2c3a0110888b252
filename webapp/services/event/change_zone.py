"""Change an event's time zone in one go: wall times and links are kept, meetings re-timed; a change back undoes it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid
from webapp.models import Appointment, Event, Occupancy, Slot
from webapp.models.base import new_token, table_of
from webapp.services.booking.consequences import follow
from webapp.services.event.events import settings_of
from webapp.services.event.settings import future_appointments
from webapp.services.event.whole import lock_whole
from webapp.services.event.zone_plan import ZonePlan, plan_zone
from webapp.services.system import audit
from webapp.services.system.audit import Who

_SLOT, _OCCUPANCY = table_of(Slot), table_of(Occupancy)
_ON_ITS_WAY = datetime(1970, 1, 1, tzinfo=UTC)
"""Set aside while all slots of an event move, so that none meets one that has not moved yet."""
_RETIME = (
    update(_SLOT)
    .where(_SLOT.c.event_id == bindparam("event"), _SLOT.c.wall_start == bindparam("wall"))
    .where(_SLOT.c.starts_at == bindparam("was"), _SLOT.c.ends_at == bindparam("ended"))
    .values(starts_at=bindparam("new_start"), ends_at=bindparam("new_end"), version=_SLOT.c.version + 1)
)


class ZoneChanged(DomainError):
    message = N_("Somebody else has changed this event's time zone meanwhile. Nothing was changed. Look at it again.")


class Elsewhere(DomainError):
    message = N_(
        "At the new times somebody would be in two appointments at once, here or in another event. Nothing was "
        "changed. Cancel or move those appointments first."
    )


def change_zone(
    session: Session, event: Event, zone: str, *, was: str, tell: bool, who: Who, now: datetime
) -> ZonePlan:
    """With `tell` each family gets one mail with its appointments and new calendar entries. Raises Invalid on "zone",
    ZoneChanged where `was` is not the zone that stands, or Elsewhere."""
    lock_whole(session, event)
    if event.zone != was:
        raise ZoneChanged
    plan = plan_zone(session, event, zone, now=now)
    if plan.zone == event.zone:
        raise Invalid(N_("The event has this time zone already."), field="zone")
    if not plan.is_possible:
        raise Invalid(
            N_("Some slots have times that this zone does not show. Delete or move them first."), field="zone"
        )
    minutes = _minutes_moved(session, event, plan)
    _move_slots(session, event, plan)
    _move_occupancy(session, event, minutes)
    # What the teacher's calendar has at the new times is another matter.
    session.execute(update(Appointment).where(col(Appointment.event_id) == event.id).values(calendar_judged_at=None))
    settings = settings_of(session, event)
    for name, at in plan.settings.items():
        setattr(settings, name, at)
    event.zone, event.zone_changed_at = plan.zone, now
    session.flush()
    _record(session, event, plan, was=was, who=who, now=now)
    coming = future_appointments(session, event, now=now)
    left = _new_acts(session, coming, now=now) if tell else set()
    session.expire_all()
    follow(session, coming, now=now, retry=True, left=left)
    return plan


def _minutes_moved(session: Session, event: Event, plan: ZonePlan) -> dict[int, int]:
    """By slot."""
    moved = {(shift.wall, shift.was): shift.minutes for shift in plan.shifts}
    query = select(col(Slot.id), col(Slot.wall_start), col(Slot.starts_at)).where(col(Slot.event_id) == event.id)
    return {number: moved[wall, was] for number, wall, was in session.execute(query)}


def _move_slots(session: Session, event: Event, plan: ZonePlan) -> None:
    mine = update(Slot).where(col(Slot.event_id) == event.id).execution_options(synchronize_session=False)
    session.execute(mine.where(col(Slot.removed_at).is_(None)).values(removed_at=_ON_ITS_WAY))
    rows = [
        {
            "event": event.id,
            "wall": shift.wall,
            "was": shift.was,
            "ended": shift.ended,
            "new_start": shift.starts_at,
            "new_end": shift.ends_at,
        }
        for shift in plan.shifts
        if shift.minutes
    ]
    if rows:
        session.connection().execute(_RETIME, rows)
    session.execute(mine.where(col(Slot.removed_at) == _ON_ITS_WAY).values(removed_at=None))
    session.expire_all()


def _move_occupancy(session: Session, event: Event, minutes: Mapping[int, int]) -> None:
    """Everybody's minutes go with their slot."""
    slots = select(col(Slot.id)).where(col(Slot.event_id) == event.id)
    placed = select(col(Appointment.id), col(Appointment.slot_id)).where(col(Appointment.event_id) == event.id)
    places: dict[int, int] = {row.id: row.slot_id for row in session.execute(placed)}
    theirs = select(col(Appointment.id)).where(col(Appointment.event_id) == event.id)
    held = or_(_OCCUPANCY.c.slot_id.in_(slots), _OCCUPANCY.c.appointment_id.in_(theirs))
    rows = [dict(row) for row in session.execute(select(_OCCUPANCY).where(held)).mappings()]
    session.execute(delete(_OCCUPANCY).where(held))
    for row in rows:
        row["tick"] += minutes[row["slot_id"] or places[row["appointment_id"]]]
    rows.sort(key=lambda row: (row["kind"], row["subject_id"], row["tick"], row["lane"]))
    if not rows:
        return
    try:
        with session.begin_nested():
            session.connection().execute(insert(_OCCUPANCY), rows)
    except IntegrityError as error:
        raise Elsewhere from error


def _new_acts(session: Session, coming: list[int], *, now: datetime) -> set[str]:
    """One new act of booking for each family; returns those that they have left."""
    query = select(Appointment).where(col(Appointment.id).in_(coming), col(Appointment.held_until).is_(None))
    acts: dict[int, str] = defaultdict(new_token)
    left = set()
    for appointment in session.execute(query.order_by(col(Appointment.id))).scalars():
        left.add(appointment.act)
        appointment.act, appointment.booked_at = acts[appointment.contact_id], now
    session.flush()
    return left


def _record(session: Session, event: Event, plan: ZonePlan, *, was: str, who: Who, now: datetime) -> None:
    detail: dict[str, Any] = {"zone": plan.zone, "zone_was": was, "slots": plan.slots, "links": plan.links}
    subject = f"event {event.id}"
    audit.record(session, "event.zone", who=who, school_id=event.school_id, subject=subject, now=now, **detail)
