"""Move slots to another date with all that is booked on them: one mail to each family, links re-timed, none lost."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, null, or_, select, update
from sqlmodel import Session, col

from webapp.i18n import moment
from webapp.models import Appointment, Event, Resource, Slot
from webapp.models.base import new_token, table_of
from webapp.models.people.contact import written_name
from webapp.models.people.student import student_name
from webapp.services.booking.consequences import follow
from webapp.services.booking.gaps import keep_limits
from webapp.services.booking.holds import let_go
from webapp.services.booking.shift import PeopleElsewhere, shift
from webapp.services.booking.turn import take_turns
from webapp.services.event.events import settings_of
from webapp.services.event.move_plan import CLOCK, MoveInput, MovePlan, plan_move
from webapp.services.event.slots import Kept, SlotCounts, SlotIds, lock, lock_event, matching_slots, state_of, word_for
from webapp.services.system import audit
from webapp.services.system.audit import Who

_SLOT, _APPOINTMENT = table_of(Slot), table_of(Appointment)
_RETIME = (
    update(_SLOT)
    .where(_SLOT.c.id == bindparam("slot"))
    .values(
        {name: bindparam(name) for name in ("starts_at", "ends_at", "wall_start")} | {"version": _SLOT.c.version + 1}
    )
)
_NEW_ACT = (
    update(_APPOINTMENT)
    .where(_APPOINTMENT.c.id == bindparam("appointment"))
    .values(act=bindparam("act"), booked_at=bindparam("at"), calendar_judged_at=null())
)


def preview_move(session: Session, event: Event, typed: MoveInput, *, now: datetime) -> SlotCounts:
    """Raises Invalid at the field, as `move_slots` would; changes nothing."""
    selected = matching_slots(session, event, typed)
    return _counts(session, event, selected, plan_move(session, event, typed, selected, now=now), now=now)


def move_slots(
    session: Session, event: Event, typed: MoveInput, *, first: Collection[int] = (), who: Who, now: datetime
) -> SlotCounts:
    """A booked slot that cannot go stays as it is, with its appointments. Whoever books, moves or cancels meanwhile
    comes before or after all of it. Of a long move that goes in steps, `first` are the teachers of this one: the
    families of theirs take their other appointments along, so that each is mailed once. Raises PeopleElsewhere."""
    assert event.id is not None
    selected = matching_slots(session, event, typed)
    if first:
        selected = _with_families(session, selected, first)
    lock_event(session, event)
    take_turns(session, event.id, selected)
    lock(session, selected)
    _let_go_of_expired(session, selected, now=now)
    plan = plan_move(session, event, typed, selected, now=now)
    counts = _counts(session, event, selected, plan, of=first, now=now)
    left = {appointment.act for appointment in plan.appointments}
    _retime(session, plan)
    if elsewhere := shift(session, plan.before, plan.after):
        raise PeopleElsewhere(**_words(session, event, plan.slots[elsewhere]))
    keep_limits(session, settings_of(session, event), now=now)
    moved = _tell_anew(session, plan, now=now)
    subject = f"event {event.id}"
    detail = {"slots": counts.slots, "appointments": counts.appointments, "kept": len(counts.kept)}
    audit.record(session, "slots.move", who=who, school_id=event.school_id, subject=subject, now=now, **detail)
    follow(session, moved, now=now, retry=True, left=left)
    return counts


def _with_families(session: Session, selected: SlotIds, first: Collection[int]) -> SlotIds:
    """Of the selected slots those of these teachers, and whatever their families have booked among the others."""
    booked = select(col(Slot.id), col(Slot.resource_id), col(Appointment.contact_id)).join(
        Appointment, col(Appointment.slot_id) == col(Slot.id)
    )
    rows = session.execute(booked.where(col(Slot.id).in_(selected), col(Appointment.cancelled_at).is_(None))).all()
    slots_of, families_on = defaultdict(list), defaultdict(list)
    for slot, _, family in rows:
        slots_of[family].append(slot)
        families_on[slot].append(family)
    found = {slot for slot, resource, _ in rows if resource in first}
    open_ends = list(found)
    while open_ends:
        for family in families_on[open_ends.pop()]:
            more = set(slots_of.pop(family, ())) - found
            found |= more
            open_ends += more
    return selected.where(or_(col(Slot.resource_id).in_(first), col(Slot.id).in_(found)))


def _let_go_of_expired(session: Session, selected: SlotIds, *, now: datetime) -> None:
    expired = select(col(Appointment.id)).where(
        col(Appointment.slot_id).in_(selected),
        col(Appointment.cancelled_at).is_(None),
        col(Appointment.held_until) <= now,
    )
    let_go(session, session.execute(expired).scalars().all(), now=now)


def _retime(session: Session, plan: MovePlan) -> None:
    """Those that go farthest ahead first: on the way nobody meets a slot that has not left yet."""
    rows = [{"slot": number, **span.columns} for number, span in plan.goes.items()]
    is_later = any(span.starts_at > plan.slots[number].starts_at for number, span in plan.goes.items())
    rows.sort(key=lambda row: str(row["starts_at"]), reverse=is_later)
    if rows:
        session.connection().execute(_RETIME, rows)


def _tell_anew(session: Session, plan: MovePlan, *, now: datetime) -> list[int]:
    """A move is a new act of booking, one for each family."""
    acts: dict[int, str] = defaultdict(new_token)
    rows = [{"appointment": it.id, "act": acts[it.contact_id], "at": now} for it in plan.appointments]
    if rows:
        session.connection().execute(_NEW_ACT, rows)
        session.expire_all()
    return [it.id for it in plan.appointments]


def _counts(
    session: Session, event: Event, selected: SlotIds, plan: MovePlan, *, of: Collection[int] = (), now: datetime
) -> SlotCounts:
    """What stays is counted with its own teacher, where those of a step are named."""
    moved = plan.appointments
    has_links = bool(settings_of(session, event).provider)
    stays = {n: reason for n, reason in plan.stays.items() if not of or plan.slots[n].resource_id in of}
    kept = _kept(session, plan, stays)
    clock = sum(reason == CLOCK for reason in stays.values())
    return SlotCounts(
        len(plan.goes),
        already_there=len(stays) - clock,
        left_out=clock,
        booked=sum(bool(plan.standing.get(number)) for number in plan.goes),
        appointments=len(moved),
        resources=len({plan.slots[number].resource_id for number in plan.goes}),
        retimed=sum(it.is_virtual for it in moved) if has_links else 0,
        families=len({it.contact_id for it in moved}),
        kept=kept,
        seen=word_for([state_of(session, selected, now=now), sorted(plan.goes.items(), key=lambda it: it[0])]),
    )


def _words(session: Session, event: Event, slot: Any) -> dict[str, str]:
    teacher = session.get_one(Resource, slot.resource_id).name
    return {"time": moment(slot.starts_at, event.zone), "teacher": teacher}


def _kept(session: Session, plan: MovePlan, stays: Mapping[int, str]) -> tuple[Kept, ...]:
    booked = [number for number in stays if plan.standing.get(number)]
    query = select(col(Resource.id), col(Resource.name)).where(
        col(Resource.id).in_({plan.slots[number].resource_id for number in booked})
    )
    teachers = {number: name for number, name in session.execute(query)} if booked else {}  # noqa: C416 - rows
    kept = [
        Kept(
            starts_at=plan.slots[number].starts_at,
            teacher=teachers[plan.slots[number].resource_id],
            people=", ".join(_name(row) for row in plan.standing[number]),
            reason=stays[number],
        )
        for number in booked
    ]
    return tuple(sorted(kept, key=lambda it: (it.starts_at, it.teacher)))


def _name(row: Any) -> str:
    if row.student_ref is not None:
        return student_name(row.first, row.last, row.student_ref)
    return row.child_name or written_name(row.maker_first, row.maker_last)
