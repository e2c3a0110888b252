"""Refuse a crowd that comes too late before it stands in line for the writer's place, which one of them could use."""

import threading
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlmodel import Session

from webapp import i18n
from webapp.models import Appointment, Event, EventSettings, Guardian, Resource, Slot
from webapp.models.base import table_of
from webapp.models.event.slot import VISIBLE
from webapp.prepared import Prepared
from webapp.services.booking.errors import SlotTaken

MOST_KEPT = 1000


class Sought:
    """Times (tokens) for which somebody came too late in this process: only for these a look beforehand is worth it."""

    def __init__(self) -> None:
        self._tokens: dict[str, None] = {}
        self._turn = threading.Lock()

    def note(self, slots: Collection[str]) -> None:
        with self._turn:
            self._tokens |= dict.fromkeys(slots)
            while len(self._tokens) > MOST_KEPT:
                del self._tokens[next(iter(self._tokens))]

    def has_any(self, slots: Collection[str]) -> bool:
        return any(slot in self._tokens for slot in slots)


def refuse_what_is_gone(session: Session, maker_id: int, slots: Collection[str], *, now: datetime) -> None:
    """Raises SlotTaken where a time (token) is full: what `book` would find too, so that nothing depends on this. A
    family that has something with the teacher is left to `book`: the form may be one that it sent before."""
    row = _FULL.first(session, {"slots": list(slots), "maker": maker_id, "now": now})
    if row:
        raise SlotTaken(time=i18n.moment(row.starts_at, row.zone), teacher=row.name)


_SLOT, _STANDS = table_of(Slot).c, table_of(Appointment).alias()
_SETTINGS = table_of(EventSettings).c


def _full() -> Any:
    theirs, guardian = table_of(Appointment).alias(), table_of(Guardian).c
    now: Any = bindparam("now")
    taken = (
        select(func.count())
        .where(_STANDS.c.slot_id == _SLOT.id, _STANDS.c.cancelled_at.is_(None))
        .where(or_(_STANDS.c.held_until.is_(None), _STANDS.c.held_until > now))
        .correlate(table_of(Slot))
        .scalar_subquery()
    )
    children = select(guardian.student_id).where(guardian.contact_id == bindparam("maker"))
    has_some = (
        select(theirs.c.id)
        .where(theirs.c.resource_id == _SLOT.resource_id, theirs.c.cancelled_at.is_(None))
        .where(or_(theirs.c.contact_id == bindparam("maker"), theirs.c.student_id.in_(children)))
        .correlate(table_of(Slot))
        .exists()
    )
    return (
        select(_SLOT.starts_at, table_of(Resource).c.name, table_of(Event).c.zone)
        .join(table_of(Resource), table_of(Resource).c.id == _SLOT.resource_id)
        .join(table_of(Event), table_of(Event).c.id == _SLOT.event_id)
        .join(table_of(EventSettings), _SETTINGS.event_id == _SLOT.event_id)
        .where(_SLOT.token.in_(bindparam("slots", expanding=True)), _SLOT.starts_at > now)
        .where(_SLOT.removed_at.is_(None), _SLOT.visibility == VISIBLE, taken >= _SLOT.capacity, ~has_some)
        .where(_SETTINGS.opens_at <= now, or_(_SETTINGS.closes_at.is_(None), _SETTINGS.closes_at > now))
        .order_by(_SLOT.starts_at)
        .limit(1)
    )


_FULL = Prepared(_full())
