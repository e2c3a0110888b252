"""Copy slots to other dates, without what is booked on them; what is there already stays."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Event, Slot
from webapp.services.event.slots import (
    SlotCounts,
    SlotIds,
    SlotSelection,
    insert_slots,
    lock_event,
    matching_slots,
    refuse_too_many,
    taken_times,
    word_for,
)
from webapp.services.event.spans import ClockChoice, Span, free_spans, refuse_dates, span_of
from webapp.services.system import audit
from webapp.services.system.audit import Who

_COPIED = ("event_id", "school_id", "resource_id", "kind", "visibility", "message", "capacity")
_COLUMNS = tuple(col(getattr(Slot, name)) for name in ("id", "starts_at", "ends_at", "wall_start", *_COPIED))

Row = dict[str, object]


class CopyInput(SlotSelection):
    """Each day of `to` gets what the first of the chosen dates has; further dates follow at their distance."""

    to: list[date] = Field(min_length=1, max_length=60)
    clock: ClockChoice = ""


def preview_copy(session: Session, event: Event, typed: CopyInput, *, now: datetime) -> SlotCounts:
    """Raises Invalid at the field, as `copy_slots` would; changes nothing."""
    return _plan(session, event, typed, now=now)[1]


def copy_slots(session: Session, event: Event, typed: CopyInput, *, who: Who, now: datetime) -> SlotCounts:
    """Times that overlap a slot of the same resource are left out and counted."""
    lock_event(session, event)
    rows, counts = _plan(session, event, typed, now=now)
    insert_slots(session, rows)
    subject = f"event {event.id}"
    detail = {"slots": counts.slots, "already_there": counts.already_there}
    audit.record(session, "slots.copy", who=who, school_id=event.school_id, subject=subject, now=now, **detail)
    return counts


def distances(event: Event, dates: Sequence[date], to: Sequence[date], *, now: datetime) -> list[int]:
    """How many days the first of the dates is from each of `to`. Raises Invalid for a day that is one of them, is over,
    or is years ahead."""
    first = min(dates)
    days = [(day - first).days for day in sorted(set(to))]
    if 0 in days:
        raise Invalid(N_("These slots are on that day already. Choose another one."), field="to")
    refuse_dates(sorted(day + timedelta(days=n) for day in dates for n in days), event, field="to", now=now)
    return days


def source_slots(session: Session, slots: SlotIds) -> Sequence[Any]:
    """By resource, and of each in the order of time."""
    query = select(*_COLUMNS).where(col(Slot.id).in_(slots))
    return session.execute(query.order_by(col(Slot.resource_id), col(Slot.starts_at), col(Slot.id))).all()


def moved_span(slot: Any, days: int, zone: str, clock: ClockChoice) -> Span | None:
    """The same wall time and length so many days later; as `span_of`."""
    wall = datetime.fromisoformat(slot.wall_start) + timedelta(days=days)
    return span_of(wall, int((slot.ends_at - slot.starts_at).total_seconds()) // 60, zone, clock)


def _plan(session: Session, event: Event, typed: CopyInput, *, now: datetime) -> tuple[list[Row], SlotCounts]:
    days = distances(event, typed.dates, typed.to, now=now)
    sources = source_slots(session, matching_slots(session, event, typed))
    refuse_too_many(len(sources) * len(days))
    copies = [(slot, moved_span(slot, n, event.zone, typed.clock)) for slot in sources for n in days]
    spans = [span for _, span in copies if span]
    if not spans:
        return [], SlotCounts(0, left_out=len(copies))
    taken = taken_times(session, event, min(s.starts_at for s in spans), max(s.ends_at for s in spans))
    rows: list[Row] = []
    for resource, theirs in groupby(copies, key=lambda copy: copy[0].resource_id):
        slot_of = {span: slot for slot, span in theirs if span}
        rows += [_row(slot_of[span], span) for span in free_spans(slot_of, taken.get(resource, ()))]
    return rows, _counts(rows, len(copies), len(spans))


def _row(slot: Any, span: Span) -> Row:
    return {name: getattr(slot, name) for name in _COPIED} | span.columns


def _counts(rows: list[Row], asked: int, possible: int) -> SlotCounts:
    resources = len({row["resource_id"] for row in rows})
    already, left_out = possible - len(rows), asked - possible
    seen = word_for(tuple(row.values()) for row in rows)
    return SlotCounts(len(rows), already_there=already, resources=resources, left_out=left_out, seen=seen)
