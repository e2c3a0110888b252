"""Delete a contact or a student whom no coming appointment needs; whoever has one is refused with the reason."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError
from webapp.models import Appointment, Level, Resource, ResourceMember, Slot
from webapp.services.booking.agenda import with_teacher
from webapp.services.booking.occupancy import release_all_of
from webapp.services.booking.still_outside import is_still_outside
from webapp.services.booking.turn import stop_bookings
from webapp.services.calendar.link import part_from_all
from webapp.services.people.contacts import contact_of
from webapp.services.people.levels import refuse_without_administrator
from webapp.services.people.students import student_of
from webapp.services.system import audit
from webapp.services.system.audit import Who


class HasAppointments(DomainError):
    """Values: name, n."""

    message = N_("%(name)s has coming appointments: %(n)s. Cancel or move them first. Nothing was deleted.")


class StillRemoving(DomainError):
    """Values: name."""

    message = N_(
        "Online meetings or calendar entries of %(name)s are being removed. Try again in some minutes. "
        "Nothing was deleted."
    )


class Yourself(DomainError):
    message = N_("You cannot delete your own contact. Another Administrator can.")


def delete_contact(session: Session, school_id: int, contact_id: int, *, who: Who, now: datetime) -> None:
    """What has passed goes with them. Raises HasAppointments, StillRemoving, Yourself, LastAdministrator or
    NotFound."""
    stop_bookings(session, _where_they_teach(school_id, contact_id))
    contact = contact_of(session, school_id, contact_id, locked=True)
    if contact.login_id is not None and contact.login_id == who.login_id:
        raise Yourself
    if contact.level == Level.ADMINISTRATOR:
        refuse_without_administrator(session, school_id, but=[contact_id])
    theirs = or_(col(Appointment.contact_id) == contact_id, with_teacher(contact_id))
    _refuse_coming(session, theirs, contact.name, now=now)
    part_from_all(session, [contact_id], who=who, now=now)
    release_all_of(session, [contact_id])
    session.delete(contact)
    session.flush()
    audit.record(session, "contact.delete", who=who, school_id=school_id, subject=f"contact {contact_id}", now=now)


def _where_they_teach(school_id: int, contact_id: int) -> Any:
    """The events, as a query."""
    theirs = (col(ResourceMember.contact_id) == contact_id, col(ResourceMember.school_id) == school_id)
    resources = select(col(ResourceMember.resource_id)).where(*theirs)
    return select(col(Resource.event_id)).where(col(Resource.id).in_(resources))


def delete_student(session: Session, school_id: int, student_id: int, *, who: Who, now: datetime) -> None:
    """Raises HasAppointments, StillRemoving or NotFound."""
    student = student_of(session, school_id, student_id, locked=True)
    _refuse_coming(session, col(Appointment.student_id) == student_id, student.name, now=now)
    session.delete(student)
    session.flush()
    audit.record(session, "student.delete", who=who, school_id=school_id, subject=f"student {student_id}", now=now)


def _refuse_coming(session: Session, theirs: ColumnElement[bool], name: str, *, now: datetime) -> None:
    """A hold counts too: somebody is booking at this moment. So does what a provider still has."""
    query = (
        select(func.count(col(Appointment.id)))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(theirs, col(Appointment.cancelled_at).is_(None), col(Slot.ends_at) > now)
    )
    if number := session.execute(query).scalar_one():
        raise HasAppointments(name=name, n=number)
    if session.execute(select(col(Appointment.id)).where(theirs, is_still_outside()).limit(1)).first():
        raise StillRemoving(name=name)
