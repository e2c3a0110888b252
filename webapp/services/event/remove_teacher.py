"""Take a teacher or team out of an event, with their slots, once no coming appointment needs them."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError
from webapp.models import Appointment, Meeting, Resource, Slot
from webapp.models.system.wished import ABSENT
from webapp.services.system import audit
from webapp.services.system.audit import Who


class NeededStill(DomainError):
    """Values: name, n."""

    message = N_("%(name)s has coming appointments: %(n)s. Cancel or move them first. Nothing was removed.")


class MeetingsLeft(DomainError):
    """Values: name."""

    message = N_("Online meetings of %(name)s are being removed. Try again in some minutes. Nothing was removed.")


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
    left = select(col(Meeting.id)).join(Appointment, col(Appointment.id) == col(Meeting.appointment_id))
    of_resource = (col(Appointment.resource_id) == resource.id, col(Meeting.wish) == ABSENT)
    if session.execute(left.where(*of_resource, col(Meeting.gone_at).is_(None))).first():
        raise MeetingsLeft(name=resource.name)  # with the row nobody would know of the meeting
    subject, school_id = f"resource {resource.id}", resource.school_id
    session.delete(resource)
    session.flush()
    audit.record(session, "resource.remove", who=who, school_id=school_id, subject=subject, now=now)
