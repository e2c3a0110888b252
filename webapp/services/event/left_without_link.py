"""Count the appointments that an emptied Virtual Room leaves without a link."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.models import Appointment, EventSettings, Resource, Slot
from webapp.services.booking.agenda import standing


def left_without_link(session: Session, resource: Resource, *, now: datetime) -> int:
    """Coming online appointments of a teacher whose link is neither typed nor made by a provider."""
    settings = session.get_one(EventSettings, resource.event_id)
    if resource.virtual_room or settings.provider:
        return 0
    query = select(func.count()).select_from(Appointment).join(Slot, col(Slot.id) == col(Appointment.slot_id))
    theirs = (col(Appointment.resource_id) == resource.id, col(Appointment.is_virtual), standing())
    number: int = session.execute(query.where(*theirs, col(Slot.ends_at) > now)).scalar_one()
    return number
