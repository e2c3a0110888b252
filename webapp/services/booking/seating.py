"""Find for a chosen time its lowest free seat, and which of the allowed appointments of child and teacher it is."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlmodel import Session

from webapp.models import Appointment
from webapp.models.base import table_of
from webapp.prepared import Prepared
from webapp.services.booking.errors import AlreadyBooked, BookedByOthers, SlotTaken, TakesNoAppointments
from webapp.services.booking.family import Child
from webapp.services.booking.holds import give_up, let_go
from webapp.services.booking.offers import Offer

Standing = Sequence[Any]
"""Rows of appointments that were not cancelled: of some slots, and of a family with some teachers; some are both."""


def standing_of(
    session: Session, offers: Iterable[Offer], maker_id: int, students: Collection[int], *, now: datetime
) -> Standing:
    """Read once the slots are locked, with all that the maker holds. Holds of others that have expired are cancelled
    (RELIABILITY I1)."""
    places = {(offer.slot_id, offer.resource_id) for offer in offers}
    asked = {
        "slots": [slot for slot, _ in places],
        "resources": list({resource for _, resource in places}),
        "maker": maker_id,
        "students": list(students),
    }
    rows = _STANDING.all(session, asked)
    expired = [row.id for row in rows if row.held_until and row.held_until <= now and row.contact_id != maker_id]
    gone = let_go(session, expired, now=now) if expired else set()
    return [row for row in {row.id: row for row in rows}.values() if row.id not in gone]


def standing_without_holds(
    session: Session, offers: Iterable[Offer], maker_id: int, students: Collection[int], *, now: datetime
) -> Standing:
    """As `standing_of`, once the maker's own holds are given up. Raises LostRace."""
    standing = standing_of(session, offers, maker_id, students, now=now)
    mine = {row.id for row in standing if is_held_by(row, maker_id)}
    give_up(session, mine, mine=maker_id, now=now)
    return [row for row in standing if row.id not in mine]


def is_held_by(row: Any, maker_id: int) -> bool:
    return bool(row.held_until and row.contact_id == maker_id)


def free_seat(offer: Offer, standing: Standing) -> int:
    """The lowest free seat. Raises SlotTaken when the slot is full."""
    taken = {row.seat for row in standing if row.slot_id == offer.slot_id}
    seats = set(range(1, offer.capacity + 1)) - taken
    if not seats:
        raise SlotTaken(**offer.words)
    return min(seats)


def next_nth(
    offer: Offer, maker_id: int, child: Child, allowed: int, standing: Standing, *, besides: Collection[int]
) -> int:
    """The lowest number that is free, `besides` those of the same booking: one that was cancelled may be booked again.

    A class allows so many appointments per student (PRODUCT 1.11), whoever of the parents makes them; separated parents
    for whom the school wants one each have twins of the student. A typed name is a child of this parent only.
    """
    if allowed == 0:
        raise TakesNoAppointments(child=child.name, **offer.words)
    of_child = [row for row in standing if row.resource_id == offer.resource_id and _is_of(row, maker_id, child)]
    taken = {row.nth for row in of_child}.union(besides)
    nth = min(set(range(1, len(taken) + 2)) - taken)
    if len(taken) >= allowed:
        if besides or any(row.contact_id == maker_id for row in of_child):
            raise AlreadyBooked(child=child.name, **offer.words)
        # A time that is taken is told as such, whoever took it: the other household, or anybody.
        free_seat(offer, standing)
        raise BookedByOthers(child=child.name, **offer.words)
    return nth


def _is_of(row: Any, maker_id: int, child: Child) -> bool:
    if child.student_id is not None and row.student_id == child.student_id:
        return True
    return bool(row.contact_id == maker_id and row.child_key == child.key)


_ROW = table_of(Appointment).c
_STANDS = select(
    *(_ROW[name] for name in "id slot_id seat resource_id contact_id student_id child_key nth held_until".split()),
    _ROW.class_id,
).where(_ROW.cancelled_at.is_(None))
_OF_FAMILY = or_(_ROW.contact_id == bindparam("maker"), _ROW.student_id.in_(bindparam("students", expanding=True)))
# Three looks, each by an index of its own: by a common condition all that stands would be read.
_STANDING = Prepared(
    _STANDS.where(_ROW.slot_id.in_(bindparam("slots", expanding=True))).union_all(
        _STANDS.where(_ROW.resource_id.in_(bindparam("resources", expanding=True)), _OF_FAMILY),
        _STANDS.where(_ROW.contact_id == bindparam("maker"), _ROW.held_until.is_not(None)),
    )
)
