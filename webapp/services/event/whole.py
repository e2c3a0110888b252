"""Have an event to oneself while all of it changes."""

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Event, EventSettings, Slot
from webapp.services.event.slots import lock_event


def lock_whole(session: Session, event: Event) -> None:
    """Whoever books waits at the settings, whoever makes slots at the event, whoever moves or cancels at the slots. The
    event is read anew."""
    session.execute(select(EventSettings).where(col(EventSettings.event_id) == event.id).with_for_update()).all()
    lock_event(session, event)
    slots = select(col(Slot.id)).where(col(Slot.event_id) == event.id).order_by(col(Slot.id))
    session.execute(slots.with_for_update()).all()
