"""Turn what the forms of the Slots menu send, days and teachers, into a selection of slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Event, Resource, Slot
from webapp.services.event.create_slots import SlotsInput
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


Typed = CreateForm | UpdateForm | DeleteForm


@dataclass(frozen=True)
class Teachers:
    """An event's teachers to choose from: `groups` are pairs of a name, empty for none, and who belongs to it."""

    number: int
    groups: tuple[tuple[str, tuple[Resource, ...]], ...]


def teachers_to_choose(session: Session, event: Event) -> Teachers:
    """In the order of the event; those without a group come last."""
    resources = _resources(session, event)
    names = sorted({resource.group_name for resource in resources}, key=lambda name: (not name, name.casefold()))
    groups = ((name, tuple(r for r in resources if r.group_name == name)) for name in names)
    return Teachers(len(resources), tuple(groups))


def with_teachers(session: Session, event: Event, typed: Typed) -> Typed:
    """The same with the chosen teachers as `resources`, empty for all. Raises Invalid where nobody is chosen."""
    return typed.model_copy(update={"resources": _chosen(session, event, typed.who, typed.resources)})


def days_with_slots(session: Session, event: Event) -> list[date]:
    day = func.substr(col(Slot.wall_start), 1, 10)
    query = select(day).where(col(Slot.event_id) == event.id, col(Slot.removed_at).is_(None)).distinct()
    return [date.fromisoformat(text) for text in session.execute(query.order_by(day)).scalars()]


def _chosen(session: Session, event: Event, who: str, ticked: list[int]) -> list[int]:
    if who == ALL:
        return []
    if who == SELECTED:
        chosen = ticked
    else:
        group = who.removeprefix(GROUP)
        chosen = [r.id for r in _resources(session, event) if r.id is not None and r.group_name == group]
    if not chosen:
        raise Invalid(N_("Choose at least one teacher."), field="resources")
    return chosen


def _resources(session: Session, event: Event) -> Sequence[Resource]:
    query = select(Resource).where(col(Resource.event_id) == event.id)
    return session.execute(query.order_by(col(Resource.position), col(Resource.id))).scalars().all()
