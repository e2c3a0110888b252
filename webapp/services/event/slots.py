"""Select the slots that the Slots menu works on, and count them before anything changes."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, distinct, func, insert, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Appointment, Event, Resource, Slot
from webapp.models.base import new_token, table_of
from webapp.portions import portions
from webapp.services.event.inputs import RoundTime, blank_is_none

Kind = Literal["P", "V", "PV"]
Visibility = Literal["visible", "hidden", "call", "unavailable"]
SlotIds = Select[Any]

MOST_SLOTS = 200_000
_AT_ONCE = 5_000


class SlotSelection(BaseModel):
    """Slots of these days and resources (none named: all) that start from `from_time` to before `to_time`."""

    dates: list[date] = Field(min_length=1, max_length=366)
    resources: list[int] = Field(default=[], max_length=5000)
    from_time: Annotated[RoundTime | None, blank_is_none] = None
    to_time: Annotated[RoundTime | None, blank_is_none] = None


@dataclass(frozen=True)
class Kept:
    """A booked slot that is not moved, and why: the message is a gettext id."""

    starts_at: datetime
    teacher: str
    people: str
    reason: str


@dataclass(frozen=True)
class SlotCounts:
    """What a change does, for its button and its note.

    `slots` are made, changed or deleted; `already_there` are left as they are, `left_out` by the choice for a clock
    change; `booked` of the slots hold `appointments` standing appointments of so many `families`. `resources` are
    concerned. Links are `made`, `removed` or `retimed`. `kept` names booked slots that cannot be moved. `seen` is
    another as soon as what was counted is another, though the numbers be the same.
    """

    slots: int
    already_there: int = 0
    booked: int = 0
    appointments: int = 0
    resources: int = 0
    left_out: int = 0
    made: int = 0
    removed: int = 0
    retimed: int = 0
    families: int = 0
    kept: tuple[Kept, ...] = ()
    seen: str = field(default="", compare=False)

    @property
    def numbers(self) -> dict[str, int]:
        numbers = {name: value for name, value in asdict(self).items() if isinstance(value, int)}
        return numbers | {"kept": len(self.kept)}


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
    state = state_of(session, slots, now=now)
    return SlotCounts(number, booked=booked, appointments=appointments, resources=resources, seen=state)


def state_of(session: Session, slots: SlotIds, *, now: datetime) -> str:
    """A word for these slots and what stands on them as they are at this moment. A hold that has run out does not, for
    who moves lets go of it first."""
    versions = select(col(Slot.id), col(Slot.version)).where(col(Slot.id).in_(slots)).order_by(col(Slot.id))
    query = select(col(Appointment.id), col(Appointment.slot_id), col(Appointment.is_virtual))
    standing = query.where(col(Appointment.slot_id).in_(slots), stands(now))
    rows = [*session.execute(versions), *session.execute(standing.order_by(col(Appointment.id)))]
    return word_for(tuple(row) for row in rows)


def word_for(facts: Iterable[object]) -> str:
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(repr(fact).encode())
    return digest.hexdigest()[:20]


def lock_event(session: Session, event: Event) -> None:
    """Two who make or move slots at once would not see each other's, and the index knows only equal starts. The event
    is read anew, for its zone may be another by now. Whoever books goes on meanwhile."""
    query = select(Event).where(col(Event.id) == event.id).with_for_update(key_share=True)
    session.execute(query.execution_options(populate_existing=True)).all()


def insert_slots(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Rows without token and version."""
    made = [{"token": new_token(), "version": 1, **row} for row in rows]
    for some in portions(made, _AT_ONCE):
        session.connection().execute(insert(table_of(Slot)), some)


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


def refuse_too_many(number: int) -> None:
    """Computed before any work (ADMIN-005)."""
    if number > MOST_SLOTS:
        message = N_(
            "That would be %(number)s slots; at most 200,000 are made at once. Choose fewer dates or teachers."
        )
        raise Invalid(message, field="dates", number=f"{number:,}")


def taken_times(
    session: Session, event: Event, first: datetime, last: datetime, *, but: Select[Any] | None = None
) -> dict[int, list[tuple[datetime, datetime]]]:
    """Per resource the times of its slots that meet the time from `first` to `last`, in the order of their starts."""
    query = select(col(Slot.resource_id), col(Slot.starts_at), col(Slot.ends_at)).where(
        col(Slot.event_id) == event.id,
        col(Slot.removed_at).is_(None),
        col(Slot.starts_at) < last,
        col(Slot.ends_at) > first,
    )
    if but is not None:
        query = query.where(col(Slot.id).not_in(but))
    taken: dict[int, list[tuple[datetime, datetime]]] = {}
    for number, starts_at, ends_at in session.execute(query.order_by(col(Slot.starts_at))):
        taken.setdefault(number, []).append((starts_at, ends_at))
    return taken
