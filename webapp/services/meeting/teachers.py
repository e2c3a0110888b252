"""Know who may have to host a meeting: the roster's teachers, and whoever is a member of a resource."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import ColumnElement, exists, or_, select
from sqlmodel import Session, col

from webapp.models import Contact, ResourceMember
from webapp.services.people.name_order import by_name


@dataclass(frozen=True)
class Teacher:
    contact_id: int
    name: str
    email: str | None

    @classmethod
    def of(cls, contact: Contact) -> Self:
        assert contact.id is not None
        return cls(contact.id, contact.name, contact.email)


def may_host() -> ColumnElement[bool]:
    """The condition on Contact."""
    is_member = exists().where(col(ResourceMember.contact_id) == col(Contact.id))
    return or_(col(Contact.teacher_ref).is_not(None), is_member)


def teachers_to_map(session: Session, school_id: int) -> list[Teacher]:
    query = select(Contact).where(col(Contact.school_id) == school_id, may_host()).order_by(*by_name(Contact))
    return [Teacher.of(contact) for contact in session.execute(query).scalars()]
