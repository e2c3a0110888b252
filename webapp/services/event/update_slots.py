"""Change selected slots; standing appointments take the new type, and their meetings follow."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.i18n import moment
from webapp.models import Appointment, Event, Resource, Slot
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
    """`already_there` are the selected slots that are so already. Raises Invalid as `update_slots` would."""
    selected = matching_slots(session, event, typed)
    changes = _changes(session, event, typed)
    _refuse_fewer(session, event, selected, changes, now=now)
    changing = selected.where(_differs(changes))
    counts = count_slots(session, changing, now=now)
    already = session.execute(select(func.count()).where(col(Slot.id).in_(selected))).scalar_one() - counts.slots
    made, removed = _links(session, event, changing, changes, now=now)
    return replace(counts, already_there=already, made=made, removed=removed)


def update_slots(session: Session, event: Event, typed: UpdateInput, *, who: Who, now: datetime) -> SlotCounts:
    """Raises Invalid when nothing is to change, or a slot, which is named, holds more than the new maximum."""
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


def _links(session: Session, event: Event, changing: SlotIds, changes: Changes, *, now: datetime) -> tuple[int, int]:
    """How many links come and how many go, where a provider makes them (R78)."""
    if changes.get("kind", EITHER) == EITHER or not settings_of(session, event).provider:
        return 0, 0
    becomes_virtual = changes["kind"] == VIRTUAL
    query = select(func.count()).select_from(Appointment).join(Slot, col(Slot.id) == col(Appointment.slot_id))
    theirs = query.where(col(Slot.id).in_(changing), col(Appointment.is_virtual).is_not(becomes_virtual))
    coming = theirs.where(col(Slot.ends_at) > now, col(Appointment.held_until).is_(None))
    number = session.execute(coming.where(col(Appointment.cancelled_at).is_(None))).scalar_one()
    return (number, 0) if becomes_virtual else (0, number)


def _refuse_fewer(session: Session, event: Event, selected: SlotIds, changes: Changes, *, now: datetime) -> None:
    """A maximum below what is booked; the fullest slot is named."""
    if "capacity" not in changes:
        return
    held = func.count()
    query = (
        select(held, col(Slot.starts_at), col(Resource.name))
        .select_from(Appointment)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .where(col(Slot.id).in_(selected), stands(now))
        .group_by(col(Slot.id), col(Slot.starts_at), col(Resource.name))
        .having(held > changes["capacity"])
        .order_by(held.desc(), col(Slot.starts_at), col(Slot.id))
    )
    if fullest := session.execute(query.limit(1)).first():
        most, starts_at, teacher = fullest
        message = N_(
            "%(time)s with %(teacher)s holds %(most)s appointments. Choose %(most)s or more, or cancel some first."
        )
        raise Invalid(message, field="capacity", most=most, time=moment(starts_at, event.zone), teacher=teacher)


def _fit_seats(session: Session, selected: SlotIds, capacity: int, *, now: datetime) -> None:
    """Seats above the new maximum move down."""
    seated = [col(Appointment.slot_id).in_(selected), col(Appointment.cancelled_at).is_(None)]
    query = select(col(Appointment.slot_id)).where(*seated).group_by(col(Appointment.slot_id))
    for slot_id in session.execute(query.having(func.max(col(Appointment.seat)) > capacity)).scalars().all():
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
