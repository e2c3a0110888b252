"""List what an event still lacks: parents who have booked nothing, and times that nobody has booked."""

from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from webapp.i18n import gettext
from webapp.models import (
    Appointment,
    Class,
    ClassTeacher,
    Contact,
    Enrolment,
    Guardian,
    Resource,
    ResourceMember,
    Slot,
    Student,
)
from webapp.models.event.slot import EITHER, VIRTUAL, VISIBLE
from webapp.services.booking.agenda import standing
from webapp.services.booking.times import timetable_of
from webapp.services.event.report import on_day
from webapp.services.event.report_table import Ask, Cell, Row, when, word
from webapp.services.people.name_order import by_name


def parents_without_appointments(session: Session, ask: Ask) -> list[Row]:
    """Parents who could book with a teacher of the event, or with the one asked for, and for none of whose children
    anybody has; one query."""
    booked = [col(Appointment.event_id) == ask.event.id, standing()]
    if ask.resource_id is not None:
        booked.append(col(Appointment.resource_id) == ask.resource_id)
    seen = select(col(Appointment.student_id)).where(*booked, col(Appointment.student_id).is_not(None))
    provided = select(col(Guardian.contact_id)).where(col(Guardian.student_id).in_(seen))
    makers = select(col(Appointment.contact_id)).where(*booked)
    query = (
        select(Contact, Student)
        .join(Guardian, col(Guardian.contact_id) == col(Contact.id))
        .join(Student, col(Student.id) == col(Guardian.student_id))
        .where(col(Contact.school_id) == ask.event.school_id, col(Student.id).in_(_invited(ask)))
        .where(col(Contact.id).not_in(provided), col(Contact.id).not_in(makers))
        .order_by(*by_name(Contact), col(Student.id))
    )
    families: dict[int, tuple[Contact, list[str]]] = {}
    for parent, student in session.execute(query):
        families.setdefault(parent.id, (parent, []))[1].append(student.name)
    return [
        {"parent": word(parent.name), "email": word(parent.email or ""), "students": word(", ".join(children))}
        for parent, children in families.values()
    ]


def open_slots(session: Session, ask: Ask) -> list[Row]:
    """Coming times that families see and that have a place left, with no teacher who is elsewhere; a fixed number of
    queries."""
    taken = (
        select(func.count())
        .where(col(Appointment.slot_id) == col(Slot.id), col(Appointment.cancelled_at).is_(None))
        .where(or_(col(Appointment.held_until).is_(None), col(Appointment.held_until) > ask.now))
        .correlate(Slot)
        .scalar_subquery()
    )
    query = (
        select(Slot, col(Resource.name), taken)
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .where(col(Slot.event_id) == ask.event.id, col(Slot.removed_at).is_(None), col(Slot.visibility) == VISIBLE)
        .where(col(Slot.starts_at) > ask.now, taken < col(Slot.capacity))
        .order_by(col(Slot.starts_at), col(Resource.position), col(Slot.id))
    )
    if ask.resource_id is not None:
        query = query.where(col(Slot.resource_id) == ask.resource_id)
    if ask.day is not None:
        query = query.where(on_day(ask.event, ask.day))
    rows = session.execute(query).all()
    free = _free_tokens(session, ask, {slot.resource_id for slot, *_ in rows})
    return [_free(ask, *row) for row in rows if row[0].token in free]


def _free_tokens(session: Session, ask: Ask, resources: set[int]) -> set[str]:
    """Of slots with no teacher in another appointment, of whatever team or event, or busy by their calendar."""
    if not resources:
        return set()
    table = timetable_of(session, ask.event, sorted(resources), None, [], now=ask.now)
    return {time.token for resource in resources for time in table.times(resource, []) if time.clash is None}


def _free(ask: Ask, slot: Slot, teacher: str, taken: int) -> Row:
    kinds = {VIRTUAL: gettext("Virtual"), EITHER: gettext("In-Person or Virtual")}
    left = slot.capacity - taken
    return when(slot.starts_at, slot.minutes, ask.event.zone) | {
        "teacher": word(teacher),
        "type": word(kinds.get(slot.kind, gettext("In-Person"))),
        "seats": Cell(gettext("%(n)s of %(all)s", n=left, all=slot.capacity), left),
    }


def _invited(ask: Ask) -> Any:
    """Students in a class whose teacher the event offers, and which allows appointments."""
    query = (
        select(col(Enrolment.student_id))
        .join(Class, col(Class.id) == col(Enrolment.class_id))
        .join(ClassTeacher, col(ClassTeacher.class_id) == col(Class.id))
        .join(ResourceMember, col(ResourceMember.contact_id) == col(ClassTeacher.contact_id))
        .join(Resource, col(Resource.id) == col(ResourceMember.resource_id))
        .where(col(Resource.event_id) == ask.event.id, col(Class.appointments_allowed) > 0)
    )
    return query if ask.resource_id is None else query.where(col(Resource.id) == ask.resource_id)
