"""Book on behalf of a family, as the office and teachers do; and confirm what they made against a rule."""

from datetime import datetime

from sqlalchemy import CursorResult, select, update
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, NotFound
from webapp.i18n import local_day
from webapp.models import Appointment, Contact, Event, EventSettings, Slot
from webapp.models.base import new_token
from webapp.models.booking.appointment import BROKEN_RULE, CALENDAR_BUSY, SLOT_REMOVED
from webapp.models.event.slot import EITHER
from webapp.services.booking.cancel import hold
from webapp.services.booking.collisions import mark_collisions
from webapp.services.booking.consequences import follow
from webapp.services.booking.errors import AlreadyCancelled, FamilyBusy, TimeClash
from webapp.services.booking.family import Child
from webapp.services.booking.limits import Wanted
from webapp.services.booking.offers import Offer, offers_of
from webapp.services.booking.put_down import Plan, put_down
from webapp.services.booking.red import problem_of
from webapp.services.booking.rules import judge
from webapp.services.booking.seating import free_seat, standing_without_holds
from webapp.services.booking.turn import take_turn
from webapp.services.system import audit
from webapp.services.system.audit import Who


class NothingToConfirm(DomainError):
    message = N_("This appointment needs no confirmation.")


def book_for(
    session: Session,
    event: Event,
    maker: Contact,
    child: Child,
    slot: str,
    *,
    resource: str = "",
    wants_virtual: bool,
    who: Who,
    now: datetime,
) -> Appointment:
    """`slot` is the token of one that families see or not, of the `resource` where that is named; what is wanted
    counts where it leaves the type open. What breaks a rule is red, and the family does not see it until it is
    confirmed; where the teacher is busy in a calendar of their own it is red too, but the family is told. Raises what
    `book` raises."""
    assert event.id is not None
    assert maker.id is not None
    students = [child.student_id] if child.student_id else []
    turn = take_turn(session, event.id, maker.id, students)
    if (child.student_id is None) != turn.is_simple:
        raise NotFound
    offer = offers_of(session, turn, [slot], students=students, at_desk=True, now=now)[slot]
    if resource and offer.resource != resource:
        raise NotFound
    plan = _plan(session, event, maker, child, offer, wants_virtual=wants_virtual, now=now)
    try:
        made = put_down(session, turn, [plan], act=new_token(), by_office=True, now=now)
    except TimeClash as error:
        raise FamilyBusy(time=error.values["time"]) from error
    mark_collisions(session, col(Appointment.id) == made[slot], now=now)
    appointment = session.get_one(Appointment, made[slot])
    _record(session, appointment, "appointment.make", who=who, now=now, problem=appointment.problem)
    return appointment


def _plan(
    session: Session, event: Event, maker: Contact, child: Child, offer: Offer, *, wants_virtual: bool, now: datetime
) -> Plan:
    """Within what is possible, whatever the rules. Raises SlotTaken."""
    students = [child.student_id] if child.student_id else []
    standing = standing_without_holds(session, [offer], maker.id or 0, students, now=now)
    seat, row = free_seat(offer, standing), session.get_one(Slot, offer.slot_id)
    settings = session.get_one(EventSettings, event.id)
    judged = judge(session, event, settings, maker, child, row)
    places = dict(judged.values)
    class_id, nth = places.pop("class_id"), places.pop("nth")
    day = local_day(offer.starts_at, event.zone).isoformat()
    return Plan(
        offer=offer,
        child=child,
        is_virtual=offer.kind_of(wants_virtual if offer.kind == EITHER else None),
        class_id=class_id,
        seat=seat,
        nth=nth,
        wanted=Wanted(maker.id or 0, child.key, child.name, offer.resource_id, offer.teacher, class_id, day),
        place=places,
        problem=problem_of(judged.broken),
    )


def wanted_kind(session: Session, event: Event, slot: str, *, wants_virtual: bool) -> bool | None:
    """As `Offer.kind_of` takes it."""
    query = select(col(Slot.kind)).where(col(Slot.token) == slot, col(Slot.event_id) == event.id)
    return wants_virtual if session.execute(query).scalar_one_or_none() == EITHER else None


def confirm_appointment(session: Session, appointment: Appointment, *, who: Who, now: datetime) -> None:
    """Let a red one stand: the family sees it from now on, and is mailed its Confirmation if they were not.

    One that breaks a rule and whose slot is gone stays red for its slot, and one whose teacher is busy by now turns red
    for that, of which nothing was said while it was red for more. Raises NothingToConfirm the second time."""
    hold(session, appointment)
    if not appointment.is_standing:
        raise AlreadyCancelled
    was = appointment.problem
    if was is None:
        raise NothingToConfirm
    is_gone = session.get_one(Slot, appointment.slot_id).removed_at is not None
    left = SLOT_REMOVED if was.startswith(BROKEN_RULE) and is_gone else None
    mine = update(Appointment).where(col(Appointment.id) == appointment.id, col(Appointment.problem) == was)
    # What nobody was told of is an act of its own, whatever it was moved together with: a Confirmation follows.
    told = {"act": new_token()} if was.startswith(BROKEN_RULE) else {}
    judged = {"calendar_judged_at": now} if was == CALENDAR_BUSY else {}
    result = session.execute(mine.values(problem=left, confirmed_at=now, **told, **judged))
    assert isinstance(result, CursorResult)
    assert appointment.id is not None
    if result.rowcount != 1:
        raise NothingToConfirm
    session.refresh(appointment)
    _record(session, appointment, "appointment.confirm", who=who, now=now, problem=was)
    if was != CALENDAR_BUSY:
        mark_collisions(session, col(Appointment.id) == appointment.id, now=now)
    follow(session, [appointment.id], now=now)


def _record(
    session: Session, appointment: Appointment, action: str, *, who: Who, now: datetime, problem: str | None
) -> None:
    subject, school = f"appointment {appointment.id}", appointment.school_id
    audit.record(session, action, who=who, school_id=school, subject=subject, now=now, problem=problem)
