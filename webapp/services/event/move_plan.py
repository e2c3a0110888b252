"""Find where each selected slot can go, and why a booked one has to stay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_
from webapp.models import Appointment, Contact, Event, Student
from webapp.models.base import table_of
from webapp.models.booking.occupancy import TEACHER
from webapp.services.booking.occupancy import ticks
from webapp.services.booking.shift import Held, held_for, in_the_way
from webapp.services.event.copy_slots import distances, moved_span, source_slots
from webapp.services.event.slots import SlotIds, SlotSelection, taken_times
from webapp.services.event.spans import ClockChoice, Span, free_spans

BEGUN = N_("it has begun")
BEING_BOOKED = N_("somebody is booking it")
OVERLAPS = N_("another slot of the teacher is at that time")
CLOCK = N_("the clock change leaves its time out")
FAMILY_ELSEWHERE = N_("the family has another appointment at that time")
TEACHER_ELSEWHERE = N_("the teacher has another appointment at that time")

_APPOINTMENT = table_of(Appointment)


class MoveInput(SlotSelection):
    """The first of the chosen dates goes to `to`; further dates follow at their distance."""

    to: list[date] = Field(min_length=1, max_length=1)
    clock: ClockChoice = ""

    @property
    def goes_whole(self) -> bool:
        """Some of the days are the new place of others: whoever went first would meet those that have not left yet."""
        by = self.to[0] - min(self.dates)
        return not {day + by for day in self.dates}.isdisjoint(self.dates)


@dataclass(frozen=True)
class MovePlan:
    """Where each slot (id) goes, why each other one stays, and what stands on the slots."""

    slots: Mapping[int, Any]
    goes: Mapping[int, Span]
    stays: Mapping[int, str]
    standing: Mapping[int, Sequence[Any]]
    before: Sequence[Held]
    after: Sequence[Held]

    @property
    def appointments(self) -> list[Any]:
        return [appointment for number in self.goes for appointment in self.standing.get(number, ())]


def plan_move(session: Session, event: Event, typed: MoveInput, selected: SlotIds, *, now: datetime) -> MovePlan:
    """Raises Invalid for a day that cannot be meant, ClockChanges where somebody has to choose."""
    [days] = distances(event, typed.dates, typed.to, now=now)
    slots = {slot.id: slot for slot in source_slots(session, selected)}
    standing = _standing(session, selected, now=now)
    stays: dict[int, str] = {}
    goes: dict[int, Span] = {}
    for number, slot in slots.items():
        span = moved_span(slot, days, event.zone, typed.clock)
        if slot.starts_at <= now:
            stays[number] = BEGUN
        elif any(appointment.held_until for appointment in standing.get(number, ())):
            stays[number] = BEING_BOOKED
        elif span is None:
            stays[number] = CLOCK
        else:
            goes[number] = span
    held = _held(session, standing)
    # What stays may be in the way of what would go, which then stays too.
    while obstacles := _obstacles(session, event, slots, goes, held):
        for number, reason in obstacles.items():
            stays[number] = reason
            del goes[number]
    before = [it for it in held if it.slot_id in goes]
    return MovePlan(slots, goes, stays, standing, before, _shifted(slots, goes, before))


def _standing(session: Session, selected: SlotIds, *, now: datetime) -> dict[int, list[Any]]:
    query = (
        select(
            *(_APPOINTMENT.c[name] for name in "id slot_id contact_id is_virtual act held_until child_name".split()),
            *(col(column) for column in (Student.first, Student.last, Student.student_ref)),
            col(Contact.first).label("maker_first"),
            col(Contact.last).label("maker_last"),
        )
        .select_from(_APPOINTMENT)
        .join(Contact, col(Contact.id) == _APPOINTMENT.c.contact_id)
        .outerjoin(Student, col(Student.id) == _APPOINTMENT.c.student_id)
        .where(_APPOINTMENT.c.slot_id.in_(selected), _APPOINTMENT.c.cancelled_at.is_(None))
        .order_by(_APPOINTMENT.c.id)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(query):
        if row.held_until is None or row.held_until > now:
            found[row.slot_id].append(row)
    return found


def _held(session: Session, standing: Mapping[int, Sequence[Any]]) -> list[Held]:
    slot_of = {row.id: number for number, rows in standing.items() for row in rows}
    return held_for(session, [number for number, rows in standing.items() if rows], slot_of)


def _obstacles(
    session: Session,
    event: Event,
    slots: Mapping[int, Any],
    goes: Mapping[int, Span],
    held: Sequence[Held],
) -> dict[int, str]:
    if not goes:
        return {}
    overlapping = _overlapping(session, event, slots, goes)
    if overlapping:
        return dict.fromkeys(overlapping, OVERLAPS)
    wanted = _shifted(slots, goes, [it for it in held if it.slot_id in goes])
    kinds = in_the_way(session, wanted)
    return {slot: TEACHER_ELSEWHERE if kind == TEACHER else FAMILY_ELSEWHERE for slot, kind in kinds.items()}


def _overlapping(session: Session, event: Event, slots: Mapping[int, Any], goes: Mapping[int, Span]) -> list[int]:
    first, last = min(span.starts_at for span in goes.values()), max(span.ends_at for span in goes.values())
    leaving = {(slots[number].resource_id, slots[number].starts_at, slots[number].ends_at) for number in goes}
    taken = taken_times(session, event, first, last)
    blocked: list[int] = []
    of_resource: dict[int, dict[Span, int]] = defaultdict(dict)
    for number, span in goes.items():
        of_resource[slots[number].resource_id][span] = number
    for resource, spans in of_resource.items():
        others = [time for time in taken.get(resource, ()) if (resource, *time) not in leaving]
        free = set(free_spans(spans, others))
        blocked += [number for span, number in spans.items() if span not in free]
    return blocked


def _shifted(slots: Mapping[int, Any], goes: Mapping[int, Span], held: Sequence[Held]) -> list[Held]:
    after = []
    for slot_id, span in held:
        by = ticks(goes[slot_id].starts_at, goes[slot_id].ends_at).start
        by -= ticks(slots[slot_id].starts_at, slots[slot_id].ends_at).start
        after.append(Held(slot_id, span._replace(first=span.first + by, stop=span.stop + by)))
    return after
