"""Move an appointment to another time of the same teacher: the old place is kept until the new one is sure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp import faults, i18n
from webapp.db import has_lost_a_race
from webapp.errors import N_, Invalid
from webapp.models import Appointment, Class, Contact, Event, EventSettings, Slot
from webapp.models.base import new_token
from webapp.models.booking.appointment import BROKEN_RULE, CALENDAR_BUSY, MOVED, OVER_LIMIT, SLOT_REMOVED
from webapp.models.event.event_settings import Limits
from webapp.services.booking.book import refuse_busy, refuse_closed
from webapp.services.booking.cancel import hold
from webapp.services.booking.collisions import mark_collisions
from webapp.services.booking.consequences import follow
from webapp.services.booking.errors import AlreadyCancelled, DayIsFull, SlotChanged, SlotTaken
from webapp.services.booking.family import Child
from webapp.services.booking.holds import lock_with_held
from webapp.services.booking.limits import Wanted, place, refuse_beyond, seen_by_all
from webapp.services.booking.occupancy import release
from webapp.services.booking.offers import Offer, offers_of
from webapp.services.booking.put_down import needs_of, take_minutes, without_gaps
from webapp.services.booking.red import kept_in_sight, problem_of
from webapp.services.booking.rules import judge
from webapp.services.booking.seating import free_seat, standing_without_holds
from webapp.services.booking.turn import Turn, take_turn
from webapp.services.system import audit
from webapp.services.system.audit import Who


def move_appointment(
    session: Session,
    event: Event,
    appointment: Appointment,
    slot: str,
    *,
    is_virtual: bool | None,
    is_as_seen: Callable[[Offer], bool] = lambda _: True,
    who: Who,
    now: datetime,
    by_office: bool = False,
) -> None:
    """`slot` is a token of the same event and resource. One transaction: the old time or the new, never both.

    A move is a new act of booking, with a Confirmation of its own. The office may go beyond the event's limits.
    `is_as_seen` says whether the time is still what the family saw, else SlotChanged is raised.
    """
    turn, offer = _offered(session, event, appointment, slot, by_office=by_office, now=now)
    if not is_as_seen(offer):
        raise SlotChanged(**offer.words)
    assert appointment.id is not None
    chosen = offer.kind_of(is_virtual)
    was_at, act = appointment.slot_id, appointment.act
    release(session, {appointment.id: was_at})
    counts = _place(session, turn, appointment, offer, by_office=by_office, now=now)
    counts |= _judged(session, event, appointment, offer) if by_office else {"problem": _kept(appointment)}
    if "nth" not in counts:
        counts["problem"] = counts["problem"] or _overlooked(session, appointment)
    _seat(session, appointment, offer, is_virtual=chosen, place=counts, now=now)
    gap = {"event_id": turn.event_id, "gap": turn.limits.gap}
    needs = needs_of(offer, appointment.id, appointment.contact_id, appointment.student_id, **gap)
    take_minutes(session, without_gaps(session, needs) if by_office else needs, mine=appointment.contact_id, now=now)
    _record(session, appointment, was_at, offer.slot_id, who=who, now=now)
    mark_collisions(session, col(Appointment.id) == appointment.id, now=now)
    session.refresh(appointment)
    # A new time is a new wish: what was refused for the old one may be granted now.
    follow(session, [appointment.id], now=now, retry=True, left=[act])
    faults.point("move.before_commit")


def _offered(
    session: Session, event: Event, appointment: Appointment, slot: str, *, by_office: bool, now: datetime
) -> tuple[Turn, Offer]:
    """Locked, as the time that is left. Raises Invalid for a time of somebody else, or the one that they have."""
    students = [appointment.student_id] if appointment.student_id else []
    assert event.id is not None
    turn = take_turn(session, event.id, appointment.contact_id, students)
    if has_lost_a_race(session):
        lock_with_held(session, [slot], mine=turn.maker_id, besides=appointment.slot_id)
    hold(session, appointment, slot=slot)
    offer = offers_of(session, turn, [slot], at_desk=by_office, now=now)[slot]
    if offer.resource_id != appointment.resource_id:
        raise Invalid(N_("Choose a time with the same teacher."), field="slot")
    if offer.slot_id == appointment.slot_id:
        raise Invalid(N_("That is the time you already have. Choose another one."), field="slot")
    if not by_office:
        refuse_closed(turn, offer, now=now)
        refuse_busy(offer)
    return turn, offer


def _place(
    session: Session, turn: Turn, appointment: Appointment, offer: Offer, *, by_office: bool, now: datetime
) -> dict[str, Any]:
    """On another day it counts there, else where it did. Raises DayIsFull."""
    day = i18n.local_day(offer.starts_at, turn.zone).isoformat()
    if not turn.limits.per_day or appointment.day == day:
        return {}
    wanted = Wanted(
        contact_id=appointment.contact_id,
        child_key=appointment.child_key,
        child=appointment.child_name,
        resource_id=offer.resource_id,
        teacher=offer.teacher,
        class_id=appointment.class_id,
        day=day,
    )
    of_day = Limits(per_day=turn.limits.per_day)
    counted = seen_by_all(session, of_day, turn.event_id, [wanted], besides=appointment.id, now=now)
    if not by_office:
        refuse_beyond(of_day, wanted, counted)
    found = place(of_day, wanted, counted)
    return {"day": found["day"], "day_nth": found["day_nth"]}


def _seat(
    session: Session,
    appointment: Appointment,
    offer: Offer,
    *,
    is_virtual: bool,
    place: dict[str, Any],
    now: datetime,
) -> None:
    mine = update(Appointment).where(col(Appointment.id) == appointment.id, col(Appointment.cancelled_at).is_(None))
    standing = standing_without_holds(session, [offer], appointment.contact_id, [], now=now)
    values = {
        "slot_id": offer.slot_id,
        "seat": free_seat(offer, standing),
        "is_virtual": is_virtual,
        "act": new_token(),
        "booked_at": now,
        "calendar_judged_at": None,
        **place,
    }
    try:
        result = session.execute(mine.values(values))
    except IntegrityError as error:
        if "day_nth" in str(error.orig):
            raise DayIsFull(**offer.words) from error
        raise SlotTaken(**offer.words) from error
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise AlreadyCancelled


def _judged(session: Session, event: Event, appointment: Appointment, offer: Offer) -> dict[str, Any]:
    """What was confirmed breaks no rule any more; what a family had before is not taken from their sight. What breaks
    none any more is counted anew."""
    if appointment.confirmed_at or appointment.problem == OVER_LIMIT:
        return {"problem": _kept(appointment)}
    maker, slot = session.get_one(Contact, appointment.contact_id), session.get_one(Slot, offer.slot_id)
    child = Child(appointment.child_name, appointment.child_key, appointment.student_id)
    settings = session.get_one(EventSettings, event.id)
    judged = judge(session, event, settings, maker, child, slot, besides=appointment.id)
    problem = problem_of(judged.broken)
    if not (appointment.problem or "").startswith(BROKEN_RULE):
        return {"problem": kept_in_sight(problem)}
    return {"problem": problem} if problem else {"problem": None, "nth": judged.values["nth"]}


def _kept(appointment: Appointment) -> str | None:
    """At the new time there is a slot again, the teacher's calendar is asked anew, and so are the rules."""
    reason = (appointment.problem or "").partition(":")[0]
    return None if reason in (SLOT_REMOVED, CALENDAR_BUSY, MOVED) else appointment.problem


def _overlooked(session: Session, appointment: Appointment) -> str | None:
    """That the class allows fewer by now is not said of what is red for more than that (`mark_over_limit`)."""
    if not appointment.problem or appointment.confirmed_at or appointment.class_id is None:
        return None
    allowed = select(col(Class.appointments_allowed)).where(col(Class.id) == appointment.class_id)
    return OVER_LIMIT if appointment.nth > session.execute(allowed).scalar_one() else None


def _record(
    session: Session, appointment: Appointment, from_slot: int, to_slot: int, *, who: Who, now: datetime
) -> None:
    subject, school = f"appointment {appointment.id}", appointment.school_id
    slots = {"from_slot": from_slot, "to_slot": to_slot}
    audit.record(session, "appointment.move", who=who, school_id=school, subject=subject, now=now, **slots)
