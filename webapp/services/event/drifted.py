"""Find the coming slots that begin at another time than the office typed: the rules of their zone have changed since.

Listed for a person, not applied silently (RELIABILITY 2.7): families may have been told either time.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Event, Slot


@dataclass(frozen=True)
class Drifted:
    """The slots of an event, by number, and of the first of them what its clock shows and what was typed."""

    event_id: int
    slots: tuple[int, ...]
    shown: str
    typed: str


def is_drifted(starts_at: datetime, wall_start: str, zone: str) -> bool:
    return _shown(starts_at, zone) != wall_start


def drifted_slots(session: Session, *, now: datetime) -> list[Drifted]:
    """Of all events that are not deleted, in their order; removed slots too, which may be booked."""
    columns = (col(Slot.event_id), col(Slot.id), col(Slot.starts_at), col(Slot.wall_start), col(Event.zone))
    query = select(*columns).join(Event, col(Event.id) == col(Slot.event_id))
    query = query.where(col(Slot.ends_at) > now, col(Event.deleted_at).is_(None))
    events: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for event_id, number, starts_at, wall, zone in session.execute(query.order_by(*columns[:2])):
        if is_drifted(starts_at, wall, zone):
            events[event_id].append((number, _shown(starts_at, zone), wall))
    return [_of(event_id, rows) for event_id, rows in events.items()]


def _of(event_id: int, rows: Iterable[tuple[int, str, str]]) -> Drifted:
    numbers, shown, typed = zip(*rows, strict=True)
    return Drifted(event_id, numbers, shown[0], typed[0])


def _shown(at: datetime, zone: str) -> str:
    """As `Slot.wall_start`."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat("T", "minutes")
