"""Select the slots that the Slots menu works on, and count them before anything changes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, distinct, func, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Appointment, Event, Resource, Slot
from webapp.services.event.inputs import WallTime, blank_is_none

Kind = Literal["P", "V", "PV"]
Visibility = Literal["visible", "hidden", "call", "unavailable"]
SlotIds = Select[Any]


class SlotSelection(BaseModel):
    """Slots of these days and resources (none named: all) that start from `from_time` to before `to_time`."""

    dates: list[date] = Field(min_length=1, max_length=366)
    resources: list[int] = Field(default=[], max_length=5000)
    from_time: Annotated[WallTime | None, blank_is_none] = None
    to_time: Annotated[WallTime | None, blank_is_none] = None


@dataclass(frozen=True)
class SlotCounts:
    """What a change does, for its button and its note.

    `slots` are made, changed or deleted; `already_there` are left as they are; `booked` of the slots hold
    `appointments` standing appointments. `resources` are concerned.
    """

    slots: int
    already_there: int = 0
    booked: int = 0
    appointments: int = 0
    resources: int = 0


def matching_slots(session: Session, event: Event, selection: SlotSelection) -> SlotIds:
    """The ids of the selected slots, as a query to refine or to use within another. Removed slots never match.

    Raises Invalid for a range that ends before it starts, NotFound for a resource of another event.
    """
    refuse_backwards(selection.from_time, selection.to_time)
    wall_time = func.substr(col(Slot.wall_start), 12)
    query = select(col(Slot.id)).where(
        col(Slot.event_id) == event.id,
        col(Slot.removed_at).is_(None),
        func.substr(col(Slot.wall_start), 1, 10).in_([day.isoformat() for day in set(selection.dates)]),
    )
    if selection.resources:
        query = query.where(col(Slot.resource_id).in_(chosen_resources(session, event, selection.resources)))
    if selection.from_time:
        query = query.where(wall_time >= selection.from_time)
    if selection.to_time:
        query = query.where(wall_time < selection.to_time)
    return query.correlate(None)


def refuse_backwards(from_time: str | None, to_time: str | None) -> None:
    if from_time and to_time and to_time <= from_time:
        raise Invalid(N_("The range ends before it starts: “To” must be later than “From”."), field="to_time")


def chosen_resources(session: Session, event: Event, chosen: list[int]) -> list[int]:
    """All resources of the event in their order, or the chosen ones. Raises NotFound for one of another event."""
    query = select(col(Resource.id)).where(col(Resource.event_id) == event.id)
    if chosen:
        query = query.where(col(Resource.id).in_(set(chosen)))
    found = list(session.execute(query.order_by(col(Resource.position), col(Resource.id))).scalars())
    if chosen and len(found) != len(set(chosen)):
        raise NotFound
    return [number for number in found if number is not None]


def count_slots(session: Session, slots: SlotIds, *, now: datetime) -> SlotCounts:
    made_of = select(func.count(), func.count(distinct(col(Slot.resource_id)))).where(col(Slot.id).in_(slots))
    number, resources = session.execute(made_of).one()
    of_slots = and_(col(Appointment.slot_id).in_(slots), stands(now))
    booked, appointments = session.execute(
        select(func.count(distinct(col(Appointment.slot_id))), func.count()).where(of_slots)
    ).one()
    return SlotCounts(number, booked=booked, appointments=appointments, resources=resources)


def stands(now: datetime) -> ColumnElement[bool]:
    """Neither cancelled nor a hold that has run out."""
    is_live = or_(col(Appointment.held_until).is_(None), col(Appointment.held_until) > now)
    return and_(col(Appointment.cancelled_at).is_(None), is_live)


def lock(session: Session, slots: SlotIds) -> None:
    """Wait for whoever books or moves into these slots, and make others wait, in the order that booking keeps."""
    session.execute(slots.order_by(col(Slot.id)).with_for_update()).all()


def standing_on(session: Session, slots: Any) -> list[int]:
    """The ids of the appointments on these slots that are not cancelled."""
    query = select(col(Appointment.id)).where(col(Appointment.slot_id).in_(slots))
    return list(session.execute(query.where(col(Appointment.cancelled_at).is_(None))).scalars())
