"""Move an appointment to another time of the same teacher: the old place is kept until the new one is sure."""

from datetime import datetime

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp import faults
from webapp.errors import N_, Invalid
from webapp.models import Appointment, Event
from webapp.models.base import new_token
from webapp.services.booking.book import needs_of, take_minutes
from webapp.services.booking.cancel import hold
from webapp.services.booking.consequences import follow
from webapp.services.booking.errors import AlreadyCancelled, SlotTaken
from webapp.services.booking.occupancy import release
from webapp.services.booking.offers import Offer, offers_of
from webapp.services.booking.seating import free_seat, standing_of
from webapp.services.booking.turn import take_turn
from webapp.services.system import audit
from webapp.services.system.audit import Who


def move_appointment(
    session: Session,
    event: Event,
    appointment: Appointment,
    slot: str,
    *,
    is_virtual: bool | None,
    who: Who,
    now: datetime,
) -> None:
    """`slot` is a token of the same event and resource. One transaction: the old time or the new, never both.

    A move is a new act of booking, with a Confirmation of its own.
    """
    students = [appointment.student_id] if appointment.student_id else []
    assert event.id is not None
    turn = take_turn(session, event.id, appointment.contact_id, students)
    hold(session, appointment, slot=slot)
    offer = offers_of(session, turn, [slot], now=now)[slot]
    assert appointment.id is not None
    if offer.resource_id != appointment.resource_id:
        raise Invalid(N_("Choose a time with the same teacher."), field="slot")
    chosen = offer.kind_of(is_virtual)
    was_at, act = appointment.slot_id, appointment.act
    if was_at == offer.slot_id:
        raise Invalid(N_("That is the time you already have. Choose another one."), field="slot")
    release(session, appointment_id=appointment.id, slot_id=was_at)
    _seat(session, appointment, offer, is_virtual=chosen, now=now)
    needs = needs_of(offer, appointment.id, appointment.contact_id, appointment.student_id)
    take_minutes(session, needs, now=now)
    audit.record(
        session,
        "appointment.move",
        who=who,
        school_id=appointment.school_id,
        subject=f"appointment {appointment.id}",
        now=now,
        from_slot=was_at,
        to_slot=offer.slot_id,
    )
    session.refresh(appointment)
    # A new time is a new wish: what was refused for the old one may be granted now.
    follow(session, [appointment.id], now=now, retry=True, left=[act])
    faults.point("move.before_commit")


def _seat(session: Session, appointment: Appointment, offer: Offer, *, is_virtual: bool, now: datetime) -> None:
    mine = update(Appointment).where(col(Appointment.id) == appointment.id, col(Appointment.cancelled_at).is_(None))
    standing = standing_of(session, [offer], appointment.contact_id, [], now=now)
    values = {
        "slot_id": offer.slot_id,
        "seat": free_seat(offer, standing),
        "is_virtual": is_virtual,
        "act": new_token(),
        "booked_at": now,
        "problem": None,
    }
    try:
        result = session.execute(mine.values(values))
    except IntegrityError as error:
        raise SlotTaken(**offer.words) from error
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise AlreadyCancelled
