"""Find a school's people and students by name, email or ID, for the Contacts page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Contact, Student
from webapp.models.people.contact import written_name
from webapp.services.people.folding import holds
from webapp.services.people.name_order import name_key

PER_PAGE = 50
MOST_PAGES = 10_000


class SearchInput(BaseModel):
    """The Search Control; `ref` is a TeacherID, ParentID or StudentID. Empty fields ask for nothing."""

    model_config = ConfigDict(str_strip_whitespace=True)

    last: str = Field(default="", max_length=100)
    first: str = Field(default="", max_length=100)
    email: str = Field(default="", max_length=254)
    ref: str = Field(default="", max_length=255)
    page: int = Field(default=1, ge=1, le=MOST_PAGES)


@dataclass(frozen=True)
class Person:
    """A contact, or a student of the roster, who has no level."""

    id: int
    first: str
    last: str
    email: str
    level: int | None
    refs: tuple[str, ...]

    @property
    def is_student(self) -> bool:
        return self.level is None

    @property
    def name(self) -> str:
        return written_name(self.first, self.last) or self.email or " ".join(self.refs) or "–"


@dataclass(frozen=True)
class Found:
    """A page of those found, by name, and how many there are in all."""

    people: list[Person]
    total: int
    page: int

    @property
    def first(self) -> int:
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.people) - 1

    @property
    def has_more(self) -> bool:
        return self.last < self.total


def search(session: Session, school_id: int, asked: SearchInput) -> Found:
    """Two queries, whatever the size of the school: accents are folded here, since databases fold them differently."""
    matching = [person for person in _people(session, school_id) if _is_asked_for(person, asked)]
    matching.sort(key=lambda person: (name_key(person.first, person.last), person.is_student, person.id))
    pages = max(1, -(-len(matching) // PER_PAGE))
    page = min(asked.page, pages)
    start = (page - 1) * PER_PAGE
    return Found(matching[start : start + PER_PAGE], len(matching), page)


def _people(session: Session, school_id: int) -> Iterator[Person]:
    contacts = _columns(Contact, "id first last email level teacher_ref parent_ref").where(
        col(Contact.school_id) == school_id
    )
    for number, first, last, email, level, *refs in session.execute(contacts):
        yield Person(number, first, last, email or "", level, tuple(ref for ref in refs if ref))
    students = _columns(Student, "id first last student_ref").where(col(Student.school_id) == school_id)
    for number, first, last, ref in session.execute(students):
        yield Person(number, first, last, "", None, (ref,))


def _columns(table: type, names: str) -> Any:
    return select(*(col(getattr(table, name)) for name in names.split()))


def _is_asked_for(person: Person, asked: SearchInput) -> bool:
    return (
        (not asked.last or holds(person.last, asked.last))
        and (not asked.first or holds(person.first, asked.first))
        and (not asked.email or holds(person.email, asked.email))
        and (not asked.ref or any(holds(ref, asked.ref) for ref in person.refs))
    )
