"""Say which rules of UI Setup an appointment of the office breaks: it is made all the same, and stands in red."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import DomainError
from webapp.models import Appointment, Class, ClassTeacher, Contact, Enrolment, Event, EventSettings, Resource, Slot
from webapp.models import ResourceMember as Member
from webapp.services.booking.errors import AlreadyBooked, NotYourTeacher, TakesNoAppointments, TooClose
from webapp.services.booking.family import Child
from webapp.services.booking.limits import Wanted, broken_limits, counted_of, place


@dataclass(frozen=True)
class Judgement:
    """`broken` are the rules as sentences, none where a family might have made it too. `values` are the columns by
    which the new appointment counts: class_id, nth, and its places within the limits."""

    broken: list[DomainError]
    values: dict[str, Any]


def judge(
    session: Session,
    event: Event,
    settings: EventSettings,
    contact: Contact,
    child: Child,
    slot: Slot,
    *,
    besides: int | None = None,
) -> Judgement:
    """What an appointment of the contact on this slot would break, besides one of theirs (id) that it replaces, and the
    numbers for its row. When the scheduler is open, and how long before a time it can be booked, binds families
    only."""
    assert contact.id is not None
    assert event.id is not None
    limits, teacher = settings.limits, session.get_one(Resource, slot.resource_id).name
    words = {"time": i18n.moment(slot.starts_at, event.zone), "teacher": teacher}
    class_id, allowed = _class_of(session, slot.resource_id, child)
    most = min(allowed, 1) if limits.once_per_teacher else allowed
    taken = _taken(session, contact, child, slot.resource_id, besides)
    day = i18n.local_day(slot.starts_at, event.zone).isoformat()
    wanted = Wanted(contact.id, child.key, child.name, slot.resource_id, teacher, class_id, day)
    counted = counted_of(session, limits, event.id, [wanted], besides=besides)
    broken: list[DomainError] = []
    if child.student_id and class_id is None:
        broken.append(NotYourTeacher(teacher=teacher, child=child.name))
    elif most == 0:
        broken.append(TakesNoAppointments(child=child.name, **words))
    elif len(taken) >= most:
        broken.append(AlreadyBooked(child=child.name, **words))
    broken += broken_limits(limits, wanted, counted)
    if limits.gap and _is_close(session, contact, slot, limits.gap, besides):
        broken.append(TooClose(gap=limits.gap, **words))
    nth = min(set(range(1, len(taken) + 2)) - taken)
    return Judgement(broken, {"class_id": class_id, "nth": nth, **place(limits, wanted, counted)})


def _class_of(session: Session, resource_id: int, child: Child) -> tuple[int | None, int]:
    """Of the classes that tie the child to the teacher the one that allows most; a typed child has one appointment."""
    if child.student_id is None:
        return None, 1
    query = (
        select(col(Class.id), col(Class.appointments_allowed))
        .join(ClassTeacher, col(ClassTeacher.class_id) == col(Class.id))
        .join(Member, col(Member.contact_id) == col(ClassTeacher.contact_id))
        .join(Enrolment, col(Enrolment.class_id) == col(Class.id))
        .where(col(Member.resource_id) == resource_id, col(Enrolment.student_id) == child.student_id)
        .order_by(col(Class.appointments_allowed).desc(), col(Class.id))
    )
    row = session.execute(query.limit(1)).first()
    return (row.id, row.appointments_allowed) if row else (None, 0)


def _taken(session: Session, contact: Contact, child: Child, resource_id: int, besides: int | None) -> set[int]:
    """The numbers of the child's appointments with the teacher, a student's whoever of the parents made them."""
    ours = (col(Appointment.contact_id) == contact.id) & (col(Appointment.child_key) == child.key)
    if child.student_id is not None:
        ours |= col(Appointment.student_id) == child.student_id
    query = select(col(Appointment.nth)).where(
        col(Appointment.resource_id) == resource_id,
        col(Appointment.cancelled_at).is_(None),
        col(Appointment.id) != (besides or 0),
        ours,
    )
    return set(session.execute(query).scalars())


def _is_close(session: Session, contact: Contact, slot: Slot, gap: int, besides: int | None) -> bool:
    """Whether another of theirs in the event ends or begins within the gap; one at the same time is no matter of it."""
    around = timedelta(minutes=gap)
    query = (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.contact_id) == contact.id, col(Appointment.event_id) == slot.event_id)
        .where(col(Appointment.cancelled_at).is_(None), col(Appointment.id) != (besides or 0))
        .where(_between(slot.ends_at, slot.ends_at + around, slot.starts_at - around, slot.starts_at))
    )
    return session.execute(query.limit(1)).first() is not None


def _between(ends_at: datetime, soon: datetime, before: datetime, starts_at: datetime) -> Any:
    is_after = (col(Slot.starts_at) >= ends_at) & (col(Slot.starts_at) < soon)
    is_before = (col(Slot.ends_at) <= starts_at) & (col(Slot.ends_at) > before)
    return is_after | is_before
