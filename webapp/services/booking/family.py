"""Say which children a contact may book for, and which classes tie a child to a teacher."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import (
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
from webapp.services.booking.errors import NotYourTeacher


@dataclass(frozen=True)
class Child:
    """A student of the roster, or in a Simple PTA event a name that the parent typed."""

    name: str
    key: str
    student_id: int | None = None


@dataclass(frozen=True)
class SharedClass:
    """What ties a child to a teacher: the class, and how many appointments it allows."""

    class_id: int | None
    appointments_allowed: int


@dataclass(frozen=True)
class Teaching:
    """A teacher whom a child may see, with the class that ties them."""

    resource: Resource
    class_name: str


def children_of(session: Session, contact: Contact) -> list[Student]:
    query = (
        select(Student)
        .join(Guardian, col(Guardian.student_id) == col(Student.id))
        .where(col(Guardian.contact_id) == contact.id, col(Student.school_id) == contact.school_id)
        .order_by(col(Student.first), col(Student.last), col(Student.id))
    )
    return list(session.execute(query).scalars())


def child_of(session: Session, contact: Contact, token: str) -> Child:
    """The contact's child with this token. Raises NotFound for another family's."""
    for student in children_of(session, contact):
        if student.token == token:
            return Child(student.name, f"s{student.id}", student.id)
    raise NotFound


def named_child(name: str) -> Child:
    """A child whom the parent of a Simple PTA event named; spaces and case do not make another child."""
    shown = " ".join(name.split())
    if not any(character.isalnum() for character in shown):
        raise Invalid(N_("Type your child's name."), field="child")
    if len(shown) > 100 or any(not character.isprintable() for character in shown):
        raise Invalid(N_("Type a name of at most 100 letters."), field="child")
    return Child(shown, f"n{shown.casefold()}")


def teachers_of(session: Session, event: Event, student_id: int) -> list[Teaching]:
    """The event's resources in whose classes the student sits."""
    query = (
        select(Resource, col(Class.name))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .join(ClassTeacher, col(ClassTeacher.contact_id) == col(ResourceMember.contact_id))
        .join(Class, col(Class.id) == col(ClassTeacher.class_id))
        .join(Enrolment, col(Enrolment.class_id) == col(Class.id))
        .where(col(Resource.event_id) == event.id, col(Enrolment.student_id) == student_id)
        .order_by(col(Resource.position), col(Resource.name), col(Class.name))
    )
    found: dict[int | None, Teaching] = {}
    for resource, class_name in session.execute(query):
        found.setdefault(resource.id, Teaching(resource, class_name))
    return list(found.values())


def shared_class(session: Session, resource: Resource, child: Child) -> SharedClass:
    """The class with the most appointments allowed. Raises NotYourTeacher where there is none."""
    if child.student_id is None:
        return SharedClass(None, 1)
    query = (
        select(col(Class.id), col(Class.appointments_allowed))
        .join(ClassTeacher, col(ClassTeacher.class_id) == col(Class.id))
        .join(ResourceMember, col(ResourceMember.contact_id) == col(ClassTeacher.contact_id))
        .join(Enrolment, col(Enrolment.class_id) == col(Class.id))
        .where(col(ResourceMember.resource_id) == resource.id, col(Enrolment.student_id) == child.student_id)
        .order_by(col(Class.appointments_allowed).desc(), col(Class.id))
    )
    row = session.execute(query.limit(1)).first()
    if row is None:
        raise NotYourTeacher(teacher=resource.name, child=child.name)
    return SharedClass(row[0], row[1])
