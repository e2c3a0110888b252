"""Create slots over dates, resources and a time range; what is there already stays, so twice doubles nothing."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from pydantic import BaseModel, Field
from sqlalchemy import insert, select
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, Invalid
from webapp.models import Event, Slot
from webapp.models.base import new_token
from webapp.models.event.slot import IN_PERSON
from webapp.services.event.events import settings_of
from webapp.services.event.inputs import Line, WallTime, minutes_of
from webapp.services.event.slots import Kind, SlotCounts, Visibility, chosen_resources, refuse_backwards
from webapp.services.event.wall_time import instants_of
from webapp.services.system import audit
from webapp.services.system.audit import Who

MOST_SLOTS = 200_000
FARTHEST = timedelta(days=3 * 366)
_AT_ONCE = 5_000


class SlotsInput(BaseModel):
    """`resources` empty means all; `kind` counts only where the event shows the Appointment type."""

    dates: list[date] = Field(min_length=1, max_length=366)
    resources: list[int] = Field(default=[], max_length=5000)
    from_time: WallTime
    to_time: WallTime
    duration: int = Field(ge=1, le=480)
    travel_break: int = Field(default=0, ge=0, le=240)
    kind: Kind = "P"
    visibility: Visibility = "visible"
    message: Line = Field(default="", max_length=80)
    capacity: int = Field(default=1, ge=1, le=1000)


@dataclass(frozen=True)
class Span:
    """When a slot is: UTC instants, and its start as the wall clock shows it."""

    starts_at: datetime
    ends_at: datetime
    wall: datetime


Times = tuple[datetime, datetime]
Plan = Mapping[int, Sequence[Span]]
"""The slots to be made, by resource."""


def preview_create(session: Session, event: Event, typed: SlotsInput, *, now: datetime) -> SlotCounts:
    """Raises Invalid at the field, as `create_slots` would; changes nothing."""
    return _counts(typed, _plan(session, event, typed, now=now))


def create_slots(session: Session, event: Event, typed: SlotsInput, *, who: Who, now: datetime) -> SlotCounts:
    """Times that overlap a slot of the same resource are left out and counted."""
    # Two generators at once would not see each other's slots, and the index knows only equal starts.
    session.execute(select(col(Event.id)).where(col(Event.id) == event.id).with_for_update())
    plan = _plan(session, event, typed, now=now)
    rows = _rows(session, event, typed, plan)
    for start in range(0, len(rows), _AT_ONCE):
        session.execute(insert(Slot), rows[start : start + _AT_ONCE])
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
    if not starts_of(typed):
        message = N_("The range is too short for one slot of %(minutes)s minutes.")
        raise Invalid(message, field="to_time", minutes=typed.duration)
    days = sorted(set(typed.dates))
    _refuse_dates(days, event, now=now)
    resources = chosen_resources(session, event, typed.resources)
    if not resources:
        raise Invalid(N_("This event has no teachers yet. Add them first."), field="resources")
    number = len(starts_of(typed)) * len(days) * len(resources)
    if number > MOST_SLOTS:
        message = N_(
            "That would be %(number)s slots; at most 200,000 are made at once. Choose fewer dates or teachers."
        )
        raise Invalid(message, field="dates", number=f"{number:,}")
    spans = [_span(day, start, typed.duration, event.zone) for day in days for start in starts_of(typed)]
    taken = _taken(session, event, resources, spans)
    return {number: _free(spans, taken.get(number, [])) for number in resources}


def _refuse_dates(days: Sequence[date], event: Event, *, now: datetime) -> None:
    today = i18n.local_day(now, event.zone)
    if days[0] < today:
        raise Invalid(N_("%(date)s is over. Choose later dates."), field="dates", date=i18n.full_date(days[0]))
    if days[-1] > today + FARTHEST:
        raise Invalid(N_("%(date)s is too far ahead."), field="dates", date=i18n.full_date(days[-1]))


def _span(day: date, start: int, duration: int, zone: str) -> Span:
    """Raises Invalid near a clock change: a start or end that is shown never or twice, an hour lost or won between."""
    wall = datetime.combine(day, time()) + timedelta(minutes=start)
    starts_at = _only_instant(wall, zone)
    ends_at = _only_instant(wall + timedelta(minutes=duration), zone)
    if ends_at - starts_at != timedelta(minutes=duration):
        message = N_("The clock changes during the slot at %(time)s on %(date)s. Leave that hour out.")
        raise Invalid(message, field="from_time", date=_date(wall), time=_time(wall))
    return Span(starts_at, ends_at, wall)


def _only_instant(wall: datetime, zone: str) -> datetime:
    instants = instants_of(wall, zone)
    if not instants:
        message = N_("On %(date)s, %(time)s does not exist: the clock change skips it. Leave that hour out.")
        raise Invalid(message, field="from_time", date=_date(wall), time=_time(wall))
    if len(instants) > 1:
        message = N_("On %(date)s, %(time)s comes twice: the clock is set back. Leave that hour out.")
        raise Invalid(message, field="from_time", date=_date(wall), time=_time(wall))
    return instants[0]


def _date(wall: datetime) -> str:
    return i18n.full_date(wall.date())


def _time(wall: datetime) -> str:
    return i18n.clock_time(wall.replace(tzinfo=UTC), "UTC")


def _taken(session: Session, event: Event, resources: Sequence[int], spans: Sequence[Span]) -> dict[int, list[Times]]:
    query = select(col(Slot.resource_id), col(Slot.starts_at), col(Slot.ends_at)).where(
        col(Slot.event_id) == event.id,
        col(Slot.removed_at).is_(None),
        col(Slot.starts_at) < spans[-1].ends_at,
        col(Slot.ends_at) > spans[0].starts_at,
    )
    taken: dict[int, list[Times]] = {number: [] for number in resources}
    for number, starts_at, ends_at in session.execute(query.order_by(col(Slot.starts_at))):
        if number in taken:
            taken[number].append((starts_at, ends_at))
    return taken


def _free(spans: Sequence[Span], taken: Sequence[Times]) -> list[Span]:
    """The spans that meet none of the taken times, which are in the order of their starts."""
    starts = [start for start, _ in taken]
    latest_ends = list(accumulate((end for _, end in taken), max))

    def is_free(span: Span) -> bool:
        before = bisect_left(starts, span.ends_at)
        return before == 0 or latest_ends[before - 1] <= span.starts_at

    return [span for span in spans if is_free(span)]


def _rows(session: Session, event: Event, typed: SlotsInput, plan: Plan) -> list[dict[str, object]]:
    shows_type = settings_of(session, event).shows_appointment_type
    common = {
        "school_id": event.school_id,
        "event_id": event.id,
        "kind": typed.kind if shows_type else IN_PERSON,
        "visibility": typed.visibility,
        "message": typed.message,
        "capacity": typed.capacity,
        "version": 1,
    }
    return [_row(span, number, common) for number, spans in plan.items() for span in spans]


def _row(span: Span, resource_id: int, common: Mapping[str, object]) -> dict[str, object]:
    times = {"starts_at": span.starts_at, "ends_at": span.ends_at, "wall_start": span.wall.isoformat("T", "minutes")}
    return {**common, **times, "resource_id": resource_id, "token": new_token()}


def _counts(typed: SlotsInput, plan: Plan) -> SlotCounts:
    wanted = len(starts_of(typed)) * len(set(typed.dates)) * len(plan)
    made = sum(len(spans) for spans in plan.values())
    return SlotCounts(made, already_there=wanted - made, resources=len(plan))
