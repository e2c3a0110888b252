"""Count what is booked within the limits of an event, and hold its gaps, once they or the times have changed."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from webapp.models import Appointment, EventSettings, Occupancy, Slot
from webapp.models.booking.occupancy import GAP
from webapp.models.event.event_settings import Limits
from webapp.services.booking.limits import count_again
from webapp.services.booking.occupancy import Span, spread, ticks


def keep_limits(session: Session, settings: EventSettings, *, now: datetime, was: Limits | None = None) -> None:
    """What is booked stays, and counts; `was` are the limits before a change of them. The row of settings is the
    caller's: whoever books waits, and counts with us. Nothing is done in an event without limits."""
    limits, event_id = settings.limits, settings.event_id
    if limits.are_counted or (was and was.are_counted):
        count_again(session, event_id, limits)
    if limits.gap or (was and was.gap):
        hold_gaps(session, event_id, limits.gap, now=now)


def hold_gaps(session: Session, event_id: int, gap: int, *, now: datetime) -> None:
    """Minutes between appointments to come, none for 0. What is booked closer than that stays: the minutes belong to
    one of the two, and whoever books next keeps away from both."""
    ours = select(col(Appointment.id)).where(col(Appointment.event_id) == event_id)
    session.execute(delete(Occupancy).where(col(Occupancy.kind) == GAP, col(Occupancy.appointment_id).in_(ours)))
    if gap:
        spread(session, _spans(session, event_id, gap, now=now))


def _spans(session: Session, event_id: int, gap: int, *, now: datetime) -> list[Span]:
    query = (
        select(col(Appointment.id), col(Appointment.contact_id), col(Slot.starts_at), col(Slot.ends_at))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.event_id) == event_id, col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > now)
        .order_by(col(Slot.starts_at), col(Appointment.id))
    )
    return [
        Span(GAP, row.contact_id, minutes.start, minutes.stop + gap, row.id, None, lane=event_id)
        for row in session.execute(query)
        if (minutes := ticks(row.starts_at, row.ends_at))
    ]
