"""Let go of holds that have expired, in the booking that they stand in the way of (RELIABILITY I1)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from webapp.models import Appointment, Slot
from webapp.services.booking.occupancy import Clash, release


def let_go(session: Session, appointments: Sequence[int], *, now: datetime) -> set[int]:
    """Those of the appointments that were expired holds, and are cancelled now.

    Their slots are locked as for every cancellation, but never waited for: whoever has one may be waiting for us.
    """
    of_holds = select(col(Appointment.slot_id)).where(col(Appointment.id).in_(appointments))
    slots = select(col(Slot.id)).where(col(Slot.id).in_(of_holds)).order_by(col(Slot.id))
    locked = session.execute(slots.with_for_update(skip_locked=True)).scalars().all()
    expired = update(Appointment).where(
        col(Appointment.id).in_(appointments),
        col(Appointment.slot_id).in_(locked),
        col(Appointment.cancelled_at).is_(None),
        col(Appointment.held_until) <= now,
    )
    # It keeps its `held_until`: no family is shown an appointment that it never had.
    ended = expired.values(cancelled_at=now).returning(col(Appointment.id), col(Appointment.slot_id))
    gone = session.execute(ended).all()
    for appointment, slot in gone:
        release(session, appointment_id=appointment, slot_id=slot)
    return {appointment for appointment, _ in gone}


def let_go_of(session: Session, clash: Clash, *, now: datetime) -> bool:
    """Whether the minutes were held by expired holds, and some are free now."""
    holder = or_(col(Appointment.id) == clash.appointment_id, col(Appointment.slot_id) == clash.slot_id)
    expired = select(col(Appointment.id)).where(
        holder, col(Appointment.cancelled_at).is_(None), col(Appointment.held_until) <= now
    )
    found = session.execute(expired).scalars().all()
    return bool(found and let_go(session, found, now=now))
