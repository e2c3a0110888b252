"""Shift the minutes that appointments hold, many at once, and see beforehand whose other minutes are in the way."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select
from sqlmodel import Session

from webapp.errors import N_, DomainError
from webapp.models import Occupancy
from webapp.models.base import table_of
from webapp.models.booking.occupancy import GAP
from webapp.portions import portions
from webapp.services.booking.occupancy import Span, take

_AT_ONCE = 5_000
_ROW = table_of(Occupancy).c


class PeopleElsewhere(DomainError):
    """Somebody booked while we moved: nothing was."""

    message = N_(
        "Somebody of %(time)s with %(teacher)s is in another appointment by now. Nothing was moved. Look at the number "
        "below."
    )


class Held(NamedTuple):
    """Minutes of one person with the slot for which they are held."""

    slot_id: int
    span: Span


def held_for(session: Session, slots: Collection[int], slot_of: Mapping[int, int]) -> list[Held]:
    """All that the slots and the appointments on them (`slot_of`, by id) hold, but for gaps: `keep_limits` makes those
    anew."""
    spans = [*_spans(session, _ROW.slot_id, slots), *_spans(session, _ROW.appointment_id, list(slot_of))]
    return [Held(span.slot_id or slot_of[span.appointment_id or 0], span) for span in spans]


def in_the_way(session: Session, wanted: Sequence[Held]) -> dict[int, str]:
    """Of slots whose people (`wanted`, with the minutes they would need) are then with somebody who stays: by id the
    kind of person."""
    if not wanted:
        return {}
    moving_slots = {held.span.slot_id for held in wanted} - {None}
    moving = {held.span.appointment_id for held in wanted} - {None}
    busy: dict[tuple[str, int], list[Span]] = defaultdict(list)
    for span in _others(session, wanted):
        if span.slot_id not in moving_slots and span.appointment_id not in moving:
            busy[span.kind, span.subject_id].append(span)
    return {
        held.slot_id: held.span.kind
        for held in wanted
        if any(_meet(held.span, other) for other in busy[held.span.kind, held.span.subject_id])
    }


def shift(session: Session, before: Sequence[Held], after: Sequence[Held]) -> int | None:
    """The slot (id) whose people are elsewhere where somebody was faster; then all of it has to be undone."""
    slots = sorted({held.span.slot_id for held in before if held.span.slot_id})
    appointments = sorted({held.span.appointment_id for held in before if held.span.appointment_id})
    for column, ids in ((_ROW.slot_id, slots), (_ROW.appointment_id, appointments)):
        for some in portions(ids, _AT_ONCE):
            session.connection().execute(delete(table_of(Occupancy)).where(column.in_(some)))
    clash = take(session, [held.span for held in after])
    return next((held.slot_id for held in after if held.span == clash.span), None) if clash else None


def _spans(session: Session, holder: object, ids: Collection[int]) -> list[Span]:
    columns = (_ROW.kind, _ROW.subject_id, _ROW.appointment_id, _ROW.slot_id)
    query = select(*columns, func.min(_ROW.tick), func.max(_ROW.tick)).where(_ROW.kind != GAP).group_by(*columns)
    rows = [
        row
        for some in portions(sorted(ids), _AT_ONCE)
        for row in session.connection().execute(query.where(holder.in_(some)))  # type: ignore[attr-defined]  # a column
    ]
    return [Span(kind, subject, first, last + 1, appt, slot) for kind, subject, appt, slot, first, last in rows]


def _others(session: Session, wanted: Sequence[Held]) -> list[Span]:
    """Whatever is held by these people between the first and the last minute wanted."""
    subjects: dict[str, set[int]] = defaultdict(set)
    for held in wanted:
        subjects[held.span.kind].add(held.span.subject_id)
    columns = (_ROW.kind, _ROW.subject_id, _ROW.appointment_id, _ROW.slot_id)
    first, stop = min(held.span.first for held in wanted), max(held.span.stop for held in wanted)
    query = select(*columns, func.min(_ROW.tick), func.max(_ROW.tick)).group_by(*columns)
    query = query.where(_ROW.kind == bindparam("kind"), _ROW.tick >= first, _ROW.tick < stop)
    found = []
    for kind, ids in subjects.items():
        for some in portions(sorted(ids), _AT_ONCE):
            rows = session.connection().execute(query.where(_ROW.subject_id.in_(some)), {"kind": kind})
            found += [Span(who, subject, a, z + 1, appt, slot) for who, subject, appt, slot, a, z in rows]
    return found


def _meet(one: Span, other: Span) -> bool:
    return one.first < other.stop and other.first < one.stop
