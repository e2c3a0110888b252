"""Create slots over dates, resources and a time range; what is there already stays, so twice doubles nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel, Field
from sqlmodel import Session

from webapp.errors import N_, Invalid
from webapp.models import Event
from webapp.models.event.slot import IN_PERSON
from webapp.services.event.events import settings_of
from webapp.services.event.inputs import Line, RoundTime, minutes_of
from webapp.services.event.slots import (
    Kind,
    SlotCounts,
    Visibility,
    chosen_resources,
    insert_slots,
    lock_event,
    refuse_backwards,
    refuse_too_many,
    taken_times,
    word_for,
)
from webapp.services.event.spans import ClockChoice, Span, at_minute, free_spans, refuse_dates, span_of
from webapp.services.system import audit
from webapp.services.system.audit import Who


class SlotsInput(BaseModel):
    """`resources` empty means all; `kind` counts only where the event shows the Appointment type."""

    dates: list[date] = Field(min_length=1, max_length=366)
    resources: list[int] = Field(default=[], max_length=5000)
    from_time: RoundTime
    to_time: RoundTime
    duration: int = Field(ge=1, le=480)
    travel_break: int = Field(default=0, ge=0, le=240)
    kind: Kind = "P"
    visibility: Visibility = "visible"
    message: Line = Field(default="", max_length=80)
    capacity: int = Field(default=1, ge=1, le=1000)
    clock: ClockChoice = ""


@dataclass(frozen=True)
class Plan:
    """The slots to be made, by resource; `left_out` times of each are not, by the choice for a clock change."""

    spans: Mapping[int, Sequence[Span]]
    left_out: int


def preview_create(session: Session, event: Event, typed: SlotsInput, *, now: datetime) -> SlotCounts:
    """Raises Invalid at the field, as `create_slots` would; changes nothing."""
    return _counts(typed, _plan(session, event, typed, now=now))


def create_slots(session: Session, event: Event, typed: SlotsInput, *, who: Who, now: datetime) -> SlotCounts:
    """Times that overlap a slot of the same resource are left out and counted."""
    lock_event(session, event)
    plan = _plan(session, event, typed, now=now)
    insert_slots(session, _rows(session, event, typed, plan))
    counts = _counts(typed, plan)
    subject = f"event {event.id}"
    detail = {"slots": counts.slots, "already_there": counts.already_there}
    audit.record(session, "slots.create", who=who, school_id=event.school_id, subject=subject, now=now, **detail)
    return counts


def starts_of(typed: SlotsInput) -> range:
    """Minutes since midnight at which slots begin: as many as fit, each followed by the travel break."""
    first, last = minutes_of(typed.from_time), minutes_of(typed.to_time) - typed.duration
    return range(first, last + 1, typed.duration + typed.travel_break)


def _plan(session: Session, event: Event, typed: SlotsInput, *, now: datetime) -> Plan:
    refuse_backwards(typed.from_time, typed.to_time)
    starts = starts_of(typed)
    if not starts:
        message = N_("The range is too short for one slot of %(minutes)s minutes.")
        raise Invalid(message, field="to_time", minutes=typed.duration)
    days = sorted(set(typed.dates))
    refuse_dates(days, event, now=now)
    resources = chosen_resources(session, event, typed.resources)
    if not resources:
        raise Invalid(N_("This event has no teachers yet. Add them first."), field="resources")
    refuse_too_many(len(starts) * len(days) * len(resources))
    walls = [at_minute(day, start) for day in days for start in starts]
    spans = [span for wall in walls if (span := span_of(wall, typed.duration, event.zone, typed.clock))]
    if not spans:
        return Plan({number: [] for number in resources}, len(walls))
    taken = taken_times(session, event, spans[0].starts_at, spans[-1].ends_at)
    return Plan({number: free_spans(spans, taken.get(number, ())) for number in resources}, len(walls) - len(spans))


def _rows(session: Session, event: Event, typed: SlotsInput, plan: Plan) -> list[dict[str, object]]:
    shows_type = settings_of(session, event).shows_appointment_type
    common = {
        "school_id": event.school_id,
        "event_id": event.id,
        "kind": typed.kind if shows_type else IN_PERSON,
        "visibility": typed.visibility,
        "message": typed.message,
        "capacity": typed.capacity,
    }
    return [{**common, **span.columns, "resource_id": number} for number, spans in plan.spans.items() for span in spans]


def _counts(typed: SlotsInput, plan: Plan) -> SlotCounts:
    resources = len(plan.spans)
    wanted = len(starts_of(typed)) * len(set(typed.dates)) * resources
    made, left_out = sum(len(spans) for spans in plan.spans.values()), plan.left_out * resources
    seen = word_for((number, span.starts_at) for number, spans in plan.spans.items() for span in spans)
    already = wanted - made - left_out
    return SlotCounts(made, already_there=already, resources=resources, left_out=left_out, seen=seen)
