"""Take and give back the minutes of people, so that the database refuses a person in two places."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, and_, bindparam, delete, exists, or_, select, text
from sqlmodel import Session, col

from webapp.errors import LostRace
from webapp.models import Appointment, Occupancy
from webapp.models.base import table_of
from webapp.models.booking.occupancy import GAP, PARENT, STUDENT, TEACHER
from webapp.prepared import Prepared, padded

_ROW = table_of(Occupancy).c

# Sorted, so that of those who only take none waits in a circle (RELIABILITY 2.1). Who moves, or holds something else,
# gives back first, and two of them can: `Database.carry_out` does the loser's deed again. SQLite has one writer, and
# takes span after span.
_TAKING = {
    "sqlite": """
        INSERT INTO occupancy (kind, subject_id, tick, lane, appointment_id, slot_id)
        SELECT :kind, :subject_id, value, :lane, :appointment_id, :slot_id FROM json_each(:ticks) WHERE true
        ON CONFLICT DO NOTHING""",
    "postgresql": """
        INSERT INTO occupancy (kind, subject_id, tick, lane, appointment_id, slot_id)
        SELECT s.value->>'kind', (s.value->>'subject_id')::bigint, minute.tick, (s.value->>'lane')::bigint,
               (s.value->>'appointment_id')::integer, (s.value->>'slot_id')::integer
        FROM jsonb_array_elements(CAST(:spans AS jsonb)) AS s (value),
             generate_series((s.value->>'first')::bigint, (s.value->>'stop')::bigint - 1) AS minute (tick)
        ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT DO NOTHING""",
}
_TAKE = {dialect: Prepared(text(statement)) for dialect, statement in _TAKING.items()}
_HOLDERS = Prepared(
    select(_ROW.tick, _ROW.appointment_id, _ROW.slot_id).where(
        _ROW.kind == bindparam("kind"),
        _ROW.subject_id == bindparam("subject_id"),
        _ROW.tick >= bindparam("first"),
        _ROW.tick < bindparam("stop"),
        _ROW.lane == bindparam("lane"),
    )
)
_LEAVING: BindParameter[Any] = bindparam("leaving", expanding=True)
_STAYS = table_of(Appointment).alias("stays").c
_RELEASE = Prepared(
    delete(table_of(Occupancy)).where(
        or_(
            _ROW.appointment_id.in_(_LEAVING),
            and_(
                _ROW.slot_id.in_(bindparam("slots", expanding=True)),
                ~exists().where(
                    _STAYS.slot_id == _ROW.slot_id, _STAYS.cancelled_at.is_(None), _STAYS.id.not_in(_LEAVING)
                ),
            ),
        )
    )
)
_TRIES = 3
"""What stood in the way may be given back before we see whose it was."""


class Span(NamedTuple):
    """Somebody's minutes from `first` to before `stop`. The holder of a parent's and a student's is the appointment,
    of a teacher's the slot. In one `lane` they exclude each other (`Occupancy`)."""

    kind: str
    subject_id: int
    first: int
    stop: int
    appointment_id: int | None
    slot_id: int | None
    lane: int = 0


@dataclass(frozen=True)
class Clash:
    """Minutes that could not be had, and who holds one of them."""

    span: Span
    appointment_id: int | None
    slot_id: int | None


def ticks(starts_at: datetime, ends_at: datetime) -> range:
    """UTC minutes since 1970, end not included."""
    return range(int(starts_at.timestamp()) // 60, -(-int(ends_at.timestamp()) // 60))


def spans_of(
    minutes: range,
    *,
    appointment_id: int,
    slot_id: int,
    parent: int,
    student: int | None,
    teachers: Sequence[int],
    event_id: int,
    gap: int = 0,
) -> list[Span]:
    """All the people whom an appointment on a slot needs, and the gap that its event forces after it."""
    first, stop = minutes.start, minutes.stop
    after = [Span(GAP, parent, first, stop + gap, appointment_id, None, lane=event_id)] if gap else []
    family = [(PARENT, parent), *([(STUDENT, student)] if student else [])]
    return [
        *(Span(kind, who, first, stop, appointment_id, None) for kind, who in family),
        *(Span(TEACHER, who, first, stop, None, slot_id) for who in teachers),
        *after,
    ]


def take(session: Session, spans: Sequence[Span]) -> Clash | None:
    """The first of the minutes that somebody else holds, or None where all are held now. Raises LostRace.

    A teacher's belong to the slot from its first standing appointment on: a second seat finds them held by it already.
    """
    if not spans:
        return None
    in_order = sorted(spans, key=lambda span: span.first)
    for _ in range(_TRIES):
        if _insert(session, in_order) == sum(span.stop - span.first for span in spans):
            return None
        held = [(span, _HOLDERS.all(session, _asked(span))) for span in in_order]
        if clash := next((clash for span, rows in held if (clash := _clash(span, rows))), None):
            return clash
        if all(len(rows) == span.stop - span.first for span, rows in held):
            return None
    raise LostRace


def spread(session: Session, spans: Sequence[Span]) -> None:
    """Take those of the minutes that nobody holds, for an overlap that the office may make."""
    if spans:
        _insert(session, spans)


def release(session: Session, places: Mapping[int, int]) -> None:
    """Give back what cancelled or moved appointments held, each with the slot that it leaves; a slot's with the last
    that stands on it."""
    if places:
        session.flush()
        leaving = {"leaving": padded([*places]), "slots": padded([*places.values()])}
        _RELEASE.change(session, leaving)


def release_all_of(session: Session, contacts: Collection[int]) -> None:
    """Give back what slots hold for these contacts, who are about to be deleted: their own minutes as teachers, and
    those of the teachers whom nobody else meets there. What appointments hold goes with them."""
    session.execute(delete(Occupancy).where(col(Occupancy.kind) == TEACHER, col(Occupancy.subject_id).in_(contacts)))
    maker, stands = col(Appointment.contact_id), col(Appointment.cancelled_at).is_(None)
    theirs = select(col(Appointment.slot_id)).where(stands, maker.in_(contacts))
    is_kept = exists().where(stands, maker.not_in(contacts), col(Appointment.slot_id) == col(Occupancy.slot_id))
    session.execute(delete(Occupancy).where(col(Occupancy.slot_id).in_(theirs), ~is_kept))


def _insert(session: Session, spans: Sequence[Span]) -> int:
    """How many minutes were free."""
    rows = [span._asdict() for span in spans]
    if session.connection().dialect.name == "sqlite":
        each = [row | {"ticks": json.dumps([*range(row["first"], row["stop"])])} for row in rows]
        return _TAKE["sqlite"].change_each(session, each)
    return _TAKE["postgresql"].change(session, {"spans": json.dumps(rows)})


def _asked(span: Span) -> dict[str, object]:
    return {name: getattr(span, name) for name in ("kind", "subject_id", "first", "stop", "lane")}


def _clash(span: Span, rows: Iterable[Any]) -> Clash | None:
    ours = (span.appointment_id, span.slot_id)
    return next((Clash(span, *row[1:]) for row in rows if row[1:] != ours), None)
