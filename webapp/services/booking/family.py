"""Say which children a contact may book for."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Contact, Guardian, Student
from webapp.models.people.student import student_name
from webapp.prepared import Prepared
from webapp.services.people.folding import is_visible

CHILD: Any = tuple(
    col(column)
    for column in (Student.id, Student.token, Student.first, Student.last, Student.student_ref, Student.grade)
)
"""What `child_of_row` needs of a student."""

_CHILDREN = Prepared(
    select(*CHILD)
    .join(Guardian, col(Guardian.student_id) == col(Student.id))
    .where(col(Guardian.contact_id) == bindparam("contact"), col(Student.school_id) == bindparam("school"))
    .order_by(col(Student.first), col(Student.last), col(Student.id))
)


@dataclass(frozen=True)
class Child:
    """A student of the roster, with token and grade, or in a Simple PTA event a name that the parent typed."""

    name: str
    key: str
    student_id: int | None = None
    token: str = ""
    grade: str = ""


def children_of(session: Session, contact: Contact) -> list[Child]:
    rows = _CHILDREN.all(session, {"contact": contact.id, "school": contact.school_id})
    return [child_of_row(*row) for row in rows]


def child_of_row(id_: int, token: str, first: str, last: str, student_ref: str, grade: str) -> Child:
    return Child(student_name(first, last, student_ref), f"s{id_}", id_, token, grade)


def child_of(session: Session, contact: Contact, token: str) -> Child:
    """The contact's child with this token. Raises NotFound for another family's."""
    for child in children_of(session, contact):
        if child.token == token:
            return child
    raise NotFound


def named_child(name: str) -> Child:
    """A child whom the parent of a Simple PTA event named; spaces and case do not make another child."""
    shown = " ".join(name.split())
    if not any(character.isalnum() for character in shown):
        raise Invalid(N_("Type your child's name."), field="child")
    if len(shown) > 100 or not is_visible(shown):
        raise Invalid(N_("Type a name of at most 100 letters."), field="child")
    return Child(shown, f"n{shown.casefold()}")
