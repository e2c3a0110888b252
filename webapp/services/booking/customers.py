"""Find the families for whom somebody of the staff may book: by name, email or StudentID, with their children."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from webapp.errors import NotFound
from webapp.models import (
    Appointment,
    Class,
    ClassTeacher,
    Contact,
    Enrolment,
    Event,
    Guardian,
    Resource,
    ResourceMember,
    Student,
)
from webapp.services.booking.family import Child
from webapp.services.people.folding import holds
from webapp.services.people.name_order import name_key

MOST = 50


@dataclass(frozen=True)
class Customer:
    """A parent, in a PTA event with one of their children; `class_name` is None where the teacher has no class with
    that child."""

    contact: Contact
    child: Child | None
    class_name: str | None
    ref: str = ""

    @property
    def key(self) -> str:
        return f"{self.contact.id}.{self.child.student_id if self.child else ''}"

    @property
    def is_taught(self) -> bool:
        return self.child is None or self.class_name is not None


@dataclass(frozen=True)
class Found:
    """At most `MOST` of `total`."""

    customers: list[Customer]
    total: int


def customers_found(session: Session, event: Event, resource: Resource, words: str, *, only_known: bool) -> Found:
    """By name. `only_known` is for teachers, who need not see the whole school: their students' parents, in a
    Simple PTA event who booked with them before, and whoever's whole email they know."""
    words = _searched(words)
    if not words:
        return Found([], 0)
    found = [one for one in _customers(session, event, resource, only_known, words) if _is_meant(one, words)]
    found.sort(key=lambda one: (name_key(one.contact.first, one.contact.last), one.contact.id or 0))
    return Found(found[:MOST], len(found))


def customer_of(
    session: Session, event: Event, resource: Resource, key: str, words: str, *, only_known: bool
) -> Customer:
    """By `Customer.key`, of those found by these words. Raises NotFound for whom the same search could not find."""
    contact, _, student = key.partition(".")
    if not contact.isascii() or not contact.isdigit() or len(contact) > 10:
        raise NotFound
    for one in _customers(session, event, resource, only_known, _searched(words), col(Contact.id) == int(contact)):
        if one.key == f"{contact}.{student}":
            return one
    raise NotFound


def _searched(words: str) -> str:
    return words.replace("\0", "").strip()


def _customers(
    session: Session, event: Event, resource: Resource, only_known: bool, email: str, *where: ColumnElement[bool]
) -> Iterator[Customer]:
    here = (col(Contact.school_id) == event.school_id, *where)
    if event.is_simple:
        query = select(Contact).where(*here)
        if only_known:
            query = query.where(or_(_has_booked(resource), col(Contact.email) == email.lower()))
        for contact in session.execute(query).scalars():
            yield Customer(contact, None, None)
        return
    taught = _taught(session, resource)
    ties = select(Contact, Student).join(Guardian, col(Guardian.contact_id) == col(Contact.id))
    ties = ties.join(Student, col(Student.id) == col(Guardian.student_id)).where(*here)
    for contact, student in session.execute(ties):
        if student.id in taught or not only_known:
            child = Child(student.name, f"s{student.id}", student.id, student.token, student.grade)
            yield Customer(contact, child, taught.get(student.id), student.student_ref)


def _has_booked(resource: Resource) -> Any:
    makers = select(col(Appointment.contact_id)).where(col(Appointment.resource_id) == resource.id)
    return col(Contact.id).in_(makers)


def _taught(session: Session, resource: Resource) -> dict[int, str]:
    """The classes that the teachers of the resource have with each student, the one that allows most first."""
    query = (
        select(col(Enrolment.student_id), col(Class.name))
        .join(Class, col(Class.id) == col(Enrolment.class_id))
        .join(ClassTeacher, col(ClassTeacher.class_id) == col(Class.id))
        .join(ResourceMember, col(ResourceMember.contact_id) == col(ClassTeacher.contact_id))
        .where(col(ResourceMember.resource_id) == resource.id)
        .order_by(col(Class.appointments_allowed), col(Class.id).desc())
    )
    return {row.student_id: row.name for row in session.execute(query)}


def _is_meant(one: Customer, words: str) -> bool:
    known = (one.contact.first, one.contact.last, one.contact.email or "", one.child.name if one.child else "", one.ref)
    return holds(" ".join(known), words)
