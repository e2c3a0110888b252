"""Have an event to oneself while all of it changes."""

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Event, EventSettings, Slot
from webapp.services.event.slots import lock_event


def lock_whole(session: Session, event: Event) -> None:
    """Whoever makes slots waits at the event, whoever books at the settings, whoever moves or cancels at the slots; in
    this order, as an import does. The event is read anew."""
    lock_event(session, event)
    session.execute(select(EventSettings).where(col(EventSettings.event_id) == event.id).with_for_update()).all()
    slots = select(col(Slot.id)).where(col(Slot.event_id) == event.id).order_by(col(Slot.id))
    session.execute(slots.with_for_update()).all()
