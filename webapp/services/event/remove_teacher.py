"""Take a teacher or team out of an event, with their slots, once no coming appointment needs them."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError
from webapp.models import Appointment, Resource, Slot
from webapp.services.booking.still_outside import is_still_outside
from webapp.services.system import audit
from webapp.services.system.audit import Who


class NeededStill(DomainError):
    """Values: name, n."""

    message = N_("%(name)s has coming appointments: %(n)s. Cancel or move them first. Nothing was removed.")


class MeetingsLeft(DomainError):
    """Values: name."""

    message = N_(
        "Online meetings or calendar entries of %(name)s are being removed. Try again in some minutes. "
        "Nothing was removed."
    )


def remove_teacher(session: Session, resource: Resource, *, who: Who, now: datetime) -> None:
    """Their past appointments go too; the contact and the roster stay. Raises NeededStill or MeetingsLeft."""
    theirs = select(col(Slot.id)).where(col(Slot.resource_id) == resource.id)
    session.execute(theirs.order_by(col(Slot.id)).with_for_update()).all()  # nobody books meanwhile
    coming = (
        select(func.count(col(Appointment.id)))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.resource_id) == resource.id, col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > now)
    )
    if number := session.execute(coming).scalar_one():
        raise NeededStill(name=resource.name, n=number)
    theirs = select(col(Appointment.id)).where(col(Appointment.resource_id) == resource.id)
    if session.execute(theirs.where(is_still_outside()).limit(1)).first():
        raise MeetingsLeft(name=resource.name)
    subject, school_id = f"resource {resource.id}", resource.school_id
    session.delete(resource)
    session.flush()
    audit.record(session, "resource.remove", who=who, school_id=school_id, subject=subject, now=now)
