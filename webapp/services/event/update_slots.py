"""Change selected slots; standing appointments take the new type, and their meetings follow."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Appointment, Event, Slot
from webapp.models.event.slot import EITHER, UNAVAILABLE, VIRTUAL
from webapp.services.booking.consequences import follow
from webapp.services.event.events import settings_of
from webapp.services.event.inputs import Line, blank_is_none
from webapp.services.event.slots import (
    Kind,
    SlotCounts,
    SlotIds,
    SlotSelection,
    Visibility,
    count_slots,
    lock,
    matching_slots,
    standing_on,
    stands,
)
from webapp.services.system import audit
from webapp.services.system.audit import Who

Changes = dict[str, str | int]


class UpdateInput(SlotSelection):
    """What is left blank stays as it is; `kind` counts only where the event shows the Appointment type.

    A message belongs to times made unavailable: any other visibility clears it, unless one is given.
    """

    kind: Annotated[Kind | None, blank_is_none] = None
    visibility: Annotated[Visibility | None, blank_is_none] = None
    message: Annotated[Line | None, Field(max_length=80), blank_is_none] = None
    capacity: Annotated[int | None, Field(ge=1, le=1000), blank_is_none] = None


def preview_update(session: Session, event: Event, typed: UpdateInput, *, now: datetime) -> SlotCounts:
    """`already_there` are the selected slots that are so already."""
    selected = matching_slots(session, event, typed)
    changing = selected.where(_differs(_changes(session, event, typed)))
    counts = count_slots(session, changing, now=now)
    already = count_slots(session, selected, now=now).slots - counts.slots
    return SlotCounts(counts.slots, already, counts.booked, counts.appointments, counts.resources)


def update_slots(session: Session, event: Event, typed: UpdateInput, *, who: Who, now: datetime) -> SlotCounts:
    """Raises Invalid when nothing is to change, or a slot holds more appointments than the new maximum."""
    changes = _changes(session, event, typed)
    selected = matching_slots(session, event, typed)
    lock(session, selected)
    counts = preview_update(session, event, typed, now=now)
    if "capacity" in changes:
        _fit_seats(session, selected, int(changes["capacity"]), now=now)
    switched = _switch_appointments(session, selected, changes)
    changing = selected.where(_differs(changes))
    session.execute(update(Slot).where(col(Slot.id).in_(changing)).values(**changes, version=col(Slot.version) + 1))
    _record(session, event, changes, counts, who=who, now=now)
    follow(session, switched, now=now)
    return counts


def _changes(session: Session, event: Event, typed: UpdateInput) -> Changes:
    changes: Changes = typed.model_dump(include={"kind", "visibility", "message", "capacity"}, exclude_none=True)
    if not settings_of(session, event).shows_appointment_type:
        changes.pop("kind", None)
    if changes.get("visibility", UNAVAILABLE) != UNAVAILABLE:
        changes.setdefault("message", "")
    if not changes:
        raise Invalid(N_("Choose what to change."))
    return changes


def _differs(changes: Changes) -> ColumnElement[bool]:
    return or_(*(col(getattr(Slot, name)) != value for name, value in changes.items()))


def _switch_appointments(session: Session, selected: SlotIds, changes: Changes) -> list[int]:
    """Give appointments the type of their slots (R78); a type left open keeps what each was booked as."""
    if "kind" not in changes:
        return []
    retyped = selected.where(col(Slot.kind) != changes["kind"])
    affected = standing_on(session, retyped)
    if changes["kind"] != EITHER:
        theirs = update(Appointment).where(
            col(Appointment.slot_id).in_(retyped), col(Appointment.cancelled_at).is_(None)
        )
        session.execute(theirs.values(is_virtual=changes["kind"] == VIRTUAL))
    return affected


def _fit_seats(session: Session, selected: SlotIds, capacity: int, *, now: datetime) -> None:
    """Seats above the new maximum move down; more standing appointments than it allows are refused."""
    seated = [col(Appointment.slot_id).in_(selected), col(Appointment.cancelled_at).is_(None)]
    number = func.sum(case((stands(now), 1), else_=0))
    query = select(col(Appointment.slot_id), number).where(*seated).group_by(col(Appointment.slot_id))
    rows = session.execute(query.having(func.max(col(Appointment.seat)) > capacity)).all()
    most = max((held for _, held in rows), default=0)
    if most > capacity:
        message = N_("One of these slots holds %(most)s appointments. Choose %(most)s or more, or cancel some first.")
        raise Invalid(message, field="capacity", most=most)
    for slot_id, _ in rows:
        _move_down(session, slot_id, now=now)


def _move_down(session: Session, slot_id: int, *, now: datetime) -> None:
    """Number the seats of a slot anew, from 1, holds that have run out last."""
    query = select(Appointment).where(col(Appointment.slot_id) == slot_id, col(Appointment.cancelled_at).is_(None))
    seated = list(session.execute(query.order_by(stands(now).desc(), col(Appointment.seat))).scalars())
    above = max(appointment.seat for appointment in seated)
    # By way of seats that nobody has: the index refuses two on one seat even for a moment.
    for first in (above + 1, 1):
        for seat, appointment in enumerate(seated, first):
            appointment.seat = seat
        session.flush()


def _record(session: Session, event: Event, changes: Changes, counts: SlotCounts, *, who: Who, now: datetime) -> None:
    detail = {name: value for name, value in changes.items() if name != "message"} | {"slots": counts.slots}
    subject = f"event {event.id}"
    audit.record(session, "slots.update", who=who, school_id=event.school_id, subject=subject, now=now, **detail)
