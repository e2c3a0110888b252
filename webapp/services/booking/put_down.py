"""Write down what was planned: appointments or holds, the minutes of all people, and what follows."""

from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from webapp import faults
from webapp.errors import DomainError
from webapp.models import Appointment, Slot
from webapp.models.base import defaults_of, names_of, new_token, table_of
from webapp.models.booking.occupancy import GAP, PARENT, STUDENT, TEACHER
from webapp.prepared import Prepared
from webapp.services.booking.consequences import follow_first
from webapp.services.booking.errors import (
    AlreadyBooked,
    ChildBusy,
    SlotChanged,
    SlotTaken,
    TeacherBusy,
    TimeClash,
    TooClose,
)
from webapp.services.booking.family import Child
from webapp.services.booking.holds import let_go_of
from webapp.services.booking.limits import Wanted, refusal_of
from webapp.services.booking.occupancy import Span, spans_of, spread, take, ticks
from webapp.services.booking.offers import Offer
from webapp.services.booking.turn import Turn
from webapp.services.booking.wish_meetings import Fact
from webapp.services.booking.wish_messages import Act


@dataclass(frozen=True)
class Plan:
    """A choice with what its appointment will be; `held` is the hold (id) that becomes it."""

    offer: Offer
    child: Child
    is_virtual: bool
    class_id: int | None
    seat: int
    nth: int
    wanted: Wanted
    place: dict[str, Any]
    problem: str | None = None
    held: int | None = None


def put_down(
    session: Session,
    turn: Turn,
    plans: Sequence[Plan],
    *,
    act: str,
    by_office: bool = False,
    until: datetime | None = None,
    now: datetime,
) -> dict[str, int]:
    """The ids of the new appointments by the token of their slot, with the minutes of all people and what follows. The
    office may come closer than the event's gap; of what is red the family learns when it is confirmed."""
    booked = {plan.offer.token: _put(session, plan, turn, act, until=until, now=now) for plan in plans}
    gap, new = {"event_id": turn.event_id, "gap": turn.limits.gap}, [plan for plan in plans if plan.held is None]
    each = [needs_of(p.offer, booked[p.offer.token], turn.maker_id, p.child.student_id, **gap) for p in new]
    needs = dict(ChainMap(*each))
    taken = without_gaps(session, needs) if by_office else needs
    take_minutes(session, taken, mine=turn.maker_id, plan=booked.values(), now=now)
    if until:
        return booked
    facts = [_fact(plan, booked[plan.offer.token], turn, act) for plan in plans]
    told = Act(act, turn.school_id, turn.event_id, turn.maker_id, turn.email)
    is_sound = not any(plan.problem for plan in plans)
    places = {booked[plan.offer.token]: plan.offer.places for plan in plans}
    follow_first(session, told, facts, places=places, is_told=is_sound, life=turn.life, now=now)
    faults.point("booking.inserted")
    return booked


def without_gaps(session: Session, needs: Mapping[Span, Offer]) -> dict[Span, Offer]:
    """What the office still has to take, once the gaps are taken as far as nobody holds them."""
    spread(session, [need for need in needs if need.kind == GAP])
    return {need: offer for need, offer in needs.items() if need.kind != GAP}


def needs_of(
    offer: Offer, appointment: int, maker_id: int, student_id: int | None, *, event_id: int, gap: int = 0
) -> dict[Span, Offer]:
    """Whose minutes an appointment on the offered slot takes; of the maker also the `gap` after it."""
    spans = spans_of(
        ticks(offer.starts_at, offer.ends_at),
        appointment_id=appointment,
        slot_id=offer.slot_id,
        parent=maker_id,
        student=student_id,
        teachers=offer.members,
        event_id=event_id,
        gap=gap,
    )
    return dict.fromkeys(spans, offer)


def take_minutes(
    session: Session, needs: Mapping[Span, Offer], *, mine: int, plan: Collection[int] = (), now: datetime
) -> None:
    """Raises TimeClash, TooClose or TeacherBusy where the database says that somebody is elsewhere. What the maker
    (`mine`) holds beside the plan (ids) is let go."""
    while clash := take(session, list(needs)):
        if not let_go_of(session, clash, mine=mine, but=plan, now=now):
            raise _refusal(clash.span, needs[clash.span])


def _refusal(span: Span, offer: Offer) -> DomainError:
    if span.kind == GAP:
        return TooClose(gap=span.stop - ticks(offer.starts_at, offer.ends_at).stop, **offer.words)
    return _REFUSALS[span.kind](**offer.words)


def _put(session: Session, plan: Plan, turn: Turn, act: str, *, until: datetime | None, now: datetime) -> int:
    if plan.held is None:
        return _insert(session, plan, turn, act, until=until, now=now)
    values: dict[str, Any] = {"of": plan.held, "slot": plan.offer.slot_id, "version": plan.offer.version}
    values |= {"new_is_virtual": plan.is_virtual, "new_act": act, "new_held_until": until}
    if until is None:
        values["new_booked_at"] = now
    if (_HOLD_ON if until else _SETTLE).change(session, values) != 1:
        raise SlotChanged(**plan.offer.words)
    return plan.held


def _insert(session: Session, plan: Plan, turn: Turn, act: str, *, until: datetime | None, now: datetime) -> int:
    """Only while the slot is as it was read: moving or blocking it raises its version (RELIABILITY I6)."""
    child = plan.child
    values = _BLANK | {
        "slot": plan.offer.slot_id,
        "version": plan.offer.version,
        "seat": plan.seat,
        "contact_id": turn.maker_id,
        "student_id": child.student_id,
        "class_id": plan.class_id,
        "child_name": "" if child.student_id else child.name,
        "child_key": child.key,
        "nth": plan.nth,
        "token": new_token(),
        "is_virtual": plan.is_virtual,
        "act": act,
        "booked_at": now,
        "problem": plan.problem,
        "held_until": until,
        **plan.place,
    }
    try:
        made = _INSERT.first(session, values)
    except IntegrityError as error:
        if refusal := refusal_of(str(error.orig), plan.wanted, turn.limits):
            raise refusal from error
        if "nth" in str(error.orig):
            raise AlreadyBooked(child=child.name, **plan.offer.words) from error
        raise SlotTaken(**plan.offer.words) from error
    if made is None:
        raise SlotChanged(**plan.offer.words)
    return int(made.id)


def _fact(plan: Plan, appointment: int, turn: Turn, act: str) -> Fact:
    return Fact(
        id=appointment,
        school_id=turn.school_id,
        act=act,
        is_virtual=plan.is_virtual,
        cancelled_at=None,
        held_until=None,
        starts_at=plan.offer.starts_at,
        ends_at=plan.offer.ends_at,
        zone=turn.zone,
        event_name=turn.event_name,
        resource_name=plan.offer.teacher,
        provider=turn.provider,
        **plan.offer.host,
    )


def _changes(names: str) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=_ROW.c[name].type) for name in names.split()}


_SLOT = table_of(Slot).c
_REFUSALS: dict[str, type[DomainError]] = {TEACHER: TeacherBusy, PARENT: TimeClash, STUDENT: ChildBusy}
"""The parent's own minutes are looked at before the child's, so these are the other household's."""
_BLANK = defaults_of(Appointment)
_OF_SLOT = ["slot_id", "school_id", "event_id", "resource_id"]
_GIVEN = [name for name in names_of(Appointment) if name not in _OF_SLOT]
_INSERT = Prepared(
    insert(table_of(Appointment))
    .from_select(
        [*_OF_SLOT, *_GIVEN],
        select(
            _SLOT.id,
            _SLOT.school_id,
            _SLOT.event_id,
            _SLOT.resource_id,
            *(bindparam(name, type_=table_of(Appointment).c[name].type) for name in _GIVEN),
        ).where(_SLOT.id == bindparam("slot"), _SLOT.version == bindparam("version"), _SLOT.removed_at.is_(None)),
    )
    .returning(table_of(Appointment).c.id)
)
_ROW = table_of(Appointment)
_IS_AS_READ = select(_SLOT.id).where(
    _SLOT.id == bindparam("slot"), _SLOT.version == bindparam("version"), _SLOT.removed_at.is_(None)
)
_OF_HOLD = update(_ROW).where(
    _ROW.c.id == bindparam("of"), _ROW.c.cancelled_at.is_(None), _ROW.c.held_until.is_not(None), _IS_AS_READ.exists()
)


_SETTLE = Prepared(_OF_HOLD.values(_changes("is_virtual act held_until booked_at")))
_HOLD_ON = Prepared(_OF_HOLD.values(_changes("is_virtual act held_until")))
