"""Delete selected slots; standing appointments are kept and turn red until somebody moves or cancels them."""

from datetime import datetime

from sqlalchemy import delete, exists, or_, update
from sqlmodel import Session, col

from webapp.models import Appointment, Event, Slot
from webapp.models.booking.appointment import CALENDAR_BUSY, MOVED, SLOT_REMOVED
from webapp.services.booking.consequences import follow
from webapp.services.event.slots import (
    SlotCounts,
    SlotSelection,
    count_slots,
    lock,
    matching_slots,
    standing_on,
)
from webapp.services.system import audit
from webapp.services.system.audit import Who


def preview_delete(session: Session, event: Event, selection: SlotSelection, *, now: datetime) -> SlotCounts:
    return count_slots(session, matching_slots(session, event, selection), now=now)


def delete_slots(session: Session, event: Event, selection: SlotSelection, *, who: Who, now: datetime) -> SlotCounts:
    """A slot that was ever booked is marked as removed: its appointments, and their meetings, still need it."""
    selected = matching_slots(session, event, selection)
    lock(session, selected)
    counts = count_slots(session, selected, now=now)
    turned_red = standing_on(session, selected)
    theirs = update(Appointment).where(col(Appointment.slot_id).in_(selected), col(Appointment.cancelled_at).is_(None))
    # What is red already stays as it is: confirming it says that the slot is gone. A busy teacher is no reason more.
    was = col(Appointment.problem)
    theirs = theirs.where(or_(was.is_(None), was == CALENDAR_BUSY, was.like(f"{MOVED}%")))
    session.execute(theirs.values(problem=SLOT_REMOVED))
    was_booked = selected.where(exists().where(col(Appointment.slot_id) == col(Slot.id)))
    removed = {"removed_at": now, "version": col(Slot.version) + 1}
    session.execute(update(Slot).where(col(Slot.id).in_(was_booked)).values(removed))
    session.execute(delete(Slot).where(col(Slot.id).in_(selected)))
    subject = f"event {event.id}"
    detail = {"slots": counts.slots, "appointments": counts.appointments}
    audit.record(session, "slots.delete", who=who, school_id=event.school_id, subject=subject, now=now, **detail)
    follow(session, turned_red, now=now)
    return counts
