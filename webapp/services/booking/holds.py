"""Let go of holds that have expired, in the booking that they stand in the way of (RELIABILITY I1), or that are the
family's own and that it has no more use for."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlmodel import Session, col

from webapp.errors import LostRace, NotFound
from webapp.models import Appointment, Slot
from webapp.models.base import table_of
from webapp.prepared import Prepared, padded
from webapp.services.booking.occupancy import Clash, release

HOLD = timedelta(minutes=5)
"""How long times are held for a family that is on the form, each time that it asks."""

LONGEST = timedelta(minutes=60)
"""However often it asks: twelve times (WCAG 2.2.1)."""

_AT_ONCE = 200


def let_go(session: Session, appointments: Sequence[int], *, mine: int = 0, now: datetime) -> AbstractSet[int]:
    """Those of the appointments that were expired holds, or held by a contact (`mine`), and are cancelled now.

    Their slots are locked as for every cancellation, but never waited for: whoever has one may be waiting for us.
    """
    session.flush()
    holds: dict[str, Any] = {"holds": padded(appointments), "mine": mine, "as_of": now}
    locked = [row.id for row in _LOCK_FREE.all(session, holds)] if appointments else []
    gone = dict(_END.all(session, holds | {"slots": padded(locked)})) if locked else {}
    release(session, gone)
    return gone.keys()


def let_go_of(session: Session, clash: Clash, *, mine: int, but: Collection[int] = (), now: datetime) -> bool:
    """Whether the minutes were held by expired holds, or by the family's own, and some are free now. What is part of
    the same plan (`but`) is kept: it does not make room for the rest."""
    values = {"holder": clash.appointment_id, "slot": clash.slot_id, "mine": mine, "as_of": now}
    found = {row.id for row in _HELD_BY.all(session, values)} - set(but)
    return bool(found and let_go(session, sorted(found), mine=mine, now=now))


def lock_with_held(session: Session, tokens: Collection[str], *, mine: int, besides: int | None = None) -> None:
    """For a deed that could not lock at once what it gives up: the slots that are wanted (tokens, and `besides` by id)
    with those that the maker (`mine`) holds, in the order of their ids, so that each is waited for in turn."""
    theirs = (col(Appointment.contact_id) == mine, col(Appointment.held_until).is_not(None), _STANDS)
    wanted = select(col(Slot.id)).where(col(Slot.token).in_(tokens))
    needed = wanted.union_all(
        select(col(Appointment.slot_id)).where(*theirs), select(col(Slot.id)).where(col(Slot.id) == besides)
    )
    slots = select(col(Slot.id)).where(col(Slot.id).in_(needed)).order_by(col(Slot.id))
    session.execute(slots.with_for_update()).all()


def give_up(session: Session, appointments: Collection[int], *, mine: int, now: datetime) -> None:
    """A hold never blocks its own family. Raises LostRace where somebody has its time locked: waiting for them could be
    waiting for somebody who waits for us, and in a moment they are done."""
    if appointments and let_go(session, list(appointments), mine=mine, now=now) != set(appointments):
        raise LostRace


def any_expired(session: Session, *, now: datetime) -> bool:
    return session.execute(_expired(now).limit(1)).first() is not None


def let_go_expired(session: Session, *, now: datetime) -> int:
    """How many; of many at once the rest is left for the next time."""
    return len(let_go(session, session.execute(_expired(now).limit(_AT_ONCE)).scalars().all(), now=now))


def release_hold(session: Session, contact_id: int, event_id: int, act: str, *, now: datetime) -> None:
    """What the contact held by one act; nothing where it was booked or held anew meanwhile. Raises NotFound."""
    held = [row.id or 0 for row in _of_act(session, contact_id, event_id, act) if row.held_until]
    let_go(session, held, mine=contact_id, now=now)


def extend_hold(session: Session, contact_id: int, event_id: int, act: str, *, now: datetime) -> datetime | None:
    """For another HOLD, until LONGEST after the family first held it; what expired and nobody took is held again. Gives
    the end, as `held_until`. Raises NotFound."""
    _lock_slots(session, contact_id, event_id, act)
    for row in _of_act(session, contact_id, event_id, act):
        if row.held_until:
            row.held_until = min(now + HOLD, row.booked_at + LONGEST)
    session.flush()
    return held_until(session, contact_id, event_id, act)


def held_until(session: Session, contact_id: int, event_id: int, act: str) -> datetime | None:
    """The first end of what is held by the act; None where nothing of it is held any more. Raises NotFound for an act
    that is not the contact's."""
    rows = _of_act(session, contact_id, event_id, act)
    return min((row.held_until for row in rows if row.held_until), default=None)


def is_in_the_way() -> Any:
    """Not what has expired, nor what the family holds that looks: to be filled with `as_of` and `contact`."""
    is_booked = col(Appointment.held_until).is_(None)
    is_of_others = col(Appointment.contact_id) != bindparam("contact")
    return or_(is_booked, and_(is_of_others, col(Appointment.held_until) > bindparam("as_of")))


def _expired(now: datetime) -> Any:
    return select(col(Appointment.id)).where(col(Appointment.held_until) <= now, _STANDS)


def _lock_slots(session: Session, contact_id: int, event_id: int, act: str) -> None:
    """In the order of their ids, as whoever books, moves or cancels: what is booked meanwhile is no hold any more."""
    held = select(col(Appointment.slot_id)).where(*_by_act(contact_id, event_id, act))
    slots = select(col(Slot.id)).where(col(Slot.id).in_(held)).order_by(col(Slot.id))
    session.execute(slots.with_for_update()).all()


def _of_act(session: Session, contact_id: int, event_id: int, act: str) -> Sequence[Appointment]:
    """Those that stand, as they are now."""
    mine = select(Appointment).where(*_by_act(contact_id, event_id, act))
    rows = session.execute(mine, execution_options={"populate_existing": True}).scalars().all()
    if not rows:
        raise NotFound
    return [row for row in rows if row.is_standing]


def _by_act(contact_id: int, event_id: int, act: str) -> tuple[ColumnElement[bool], ...]:
    mine = (col(Appointment.contact_id) == contact_id, col(Appointment.event_id) == event_id)
    return (*mine, col(Appointment.act) == act)


_ROW, _SLOT = table_of(Appointment), table_of(Slot).c
_STANDS = col(Appointment.cancelled_at).is_(None)
_IS_IN_NOBODYS_WAY = and_(
    _ROW.c.cancelled_at.is_(None),
    _ROW.c.held_until.is_not(None),
    or_(_ROW.c.held_until <= bindparam("as_of"), _ROW.c.contact_id == bindparam("mine")),
)
_HELD_BY = Prepared(
    select(_ROW.c.id).where(
        _IS_IN_NOBODYS_WAY, or_(_ROW.c.id == bindparam("holder"), _ROW.c.slot_id == bindparam("slot"))
    )
)
_ARE_THESE = _ROW.c.id.in_(bindparam("holds", expanding=True))
_LOCK_FREE = Prepared(
    select(_SLOT.id)
    .where(_SLOT.id.in_(select(_ROW.c.slot_id).where(_ARE_THESE)))
    .order_by(_SLOT.id)
    .with_for_update(skip_locked=True)
)
_END = Prepared(
    update(_ROW)
    .where(_ARE_THESE, _ROW.c.slot_id.in_(bindparam("slots", expanding=True)), _IS_IN_NOBODYS_WAY)
    .values(cancelled_at=bindparam("as_of"))
    .returning(_ROW.c.id, _ROW.c.slot_id)
)
"""It keeps its `held_until`: no family is shown an appointment that it never had."""
