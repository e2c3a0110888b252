"""Turn what the forms of the Slots menu send, days and teachers, into a selection of slots."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Event, Resource, Slot
from webapp.services.event.copy_slots import CopyInput
from webapp.services.event.create_slots import SlotsInput
from webapp.services.event.move_plan import MoveInput
from webapp.services.event.slots import SlotSelection
from webapp.services.event.update_slots import UpdateInput

ALL, SELECTED, GROUP = "all", "selected", "group:"


def _filled(typed: object) -> object:
    return [text for text in typed if str(text).strip()] if isinstance(typed, list) else typed


Days = Annotated[list[date], BeforeValidator(_filled)]
ResourceId = Annotated[int, Field(ge=1, le=2_147_483_647)]


class CreateForm(SlotsInput):
    """`who` is all, selected (the ticked `resources`) or a group's name; blank dates are left out."""

    dates: Days = Field(min_length=1, max_length=366)
    resources: list[ResourceId] = Field(default=[], max_length=5000)
    who: str = ALL


class UpdateForm(UpdateInput):
    dates: Days = Field(min_length=1, max_length=366)
    resources: list[ResourceId] = Field(default=[], max_length=5000)
    who: str = ALL


class DeleteForm(SlotSelection):
    dates: Days = Field(min_length=1, max_length=366)
    resources: list[ResourceId] = Field(default=[], max_length=5000)
    who: str = ALL


class CopyForm(CopyInput):
    dates: Days = Field(min_length=1, max_length=366)
    to: Days = Field(min_length=1, max_length=60)
    resources: list[ResourceId] = Field(default=[], max_length=5000)
    who: str = ALL


class MoveForm(MoveInput):
    dates: Days = Field(min_length=1, max_length=366)
    to: Days = Field(min_length=1, max_length=1)
    resources: list[ResourceId] = Field(default=[], max_length=5000)
    who: str = ALL


Typed = CreateForm | UpdateForm | DeleteForm | CopyForm | MoveForm


@dataclass(frozen=True)
class Teachers:
    """An event's teachers to choose from: `groups` are pairs of a name, empty for none, and who belongs to it."""

    number: int
    groups: tuple[tuple[str, tuple[Resource, ...]], ...]


def teachers_to_choose(session: Session, event: Event, *, within: Collection[int] | None = None) -> Teachers:
    """In the order of the event, `within` those granted; those without a group come last."""
    resources = _resources(session, event, within)
    names = sorted({resource.group_name for resource in resources}, key=lambda name: (not name, name.casefold()))
    groups = ((name, tuple(r for r in resources if r.group_name == name)) for name in names)
    return Teachers(len(resources), tuple(groups))


def with_teachers(session: Session, event: Event, typed: Typed, *, within: Collection[int] | None = None) -> Typed:
    """The same with the chosen teachers as `resources`, empty for all. `within` are those granted to whoever chooses,
    None for all. Raises Invalid where nobody is chosen, NotFound for somebody who is not granted.
    """
    return typed.model_copy(update={"resources": _chosen(session, event, typed, within)})


def days_with_slots(session: Session, event: Event, *, within: Collection[int] | None = None) -> list[date]:
    day = func.substr(col(Slot.wall_start), 1, 10)
    query = select(day).where(col(Slot.event_id) == event.id, col(Slot.removed_at).is_(None)).distinct()
    if within is not None:
        query = query.where(col(Slot.resource_id).in_(within))
    return [date.fromisoformat(text) for text in session.execute(query.order_by(day)).scalars()]


def _chosen(session: Session, event: Event, typed: Typed, within: Collection[int] | None) -> list[int]:
    if typed.who == ALL:
        return sorted(within or ())
    if typed.who == SELECTED:
        chosen = typed.resources
    else:
        group = typed.who.removeprefix(GROUP)
        chosen = [r.id for r in _resources(session, event, within) if r.id is not None and r.group_name == group]
    if not chosen:
        raise Invalid(N_("Choose at least one teacher."), field="resources")
    if within is not None and not set(chosen) <= set(within):
        raise NotFound
    return chosen


def _resources(session: Session, event: Event, within: Collection[int] | None) -> Sequence[Resource]:
    query = select(Resource).where(col(Resource.event_id) == event.id)
    if within is not None:
        query = query.where(col(Resource.id).in_(within))
    return session.execute(query.order_by(col(Resource.position), col(Resource.id))).scalars().all()
