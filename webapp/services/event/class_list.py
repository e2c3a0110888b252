"""List the teachers and teams of an event with their classes, and the classes that nobody of it teaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from webapp.models import Class, ClassTeacher, Contact, Enrolment, Event, Resource, ResourceMember

PER_PAGE = 100
MOST_LEFT_OUT = 50


@dataclass(frozen=True)
class Taught:
    """A class with its teachers of the roster in order, and how many students sit in it."""

    row: Class
    teachers: tuple[Contact, ...]
    students: int

    @property
    def name(self) -> str:
        return self.row.name or self.row.class_ref


@dataclass(frozen=True)
class TeamClasses:
    """A teacher or team of the event; families of the classes see them. `members` are in order, the host first."""

    resource: Resource
    members: tuple[Contact, ...]
    classes: tuple[Taught, ...]

    def others(self, taught: Taught) -> list[Contact]:
        """Who teaches the class beside them."""
        here = {member.id for member in self.members}
        return [teacher for teacher in taught.teachers if teacher.id not in here]


@dataclass(frozen=True)
class ClassList:
    """A page of the event's teams in their order; `left_out` are at most `MOST_LEFT_OUT` of `without` classes."""

    teams: tuple[TeamClasses, ...]
    total: int
    page: int
    left_out: tuple[Taught, ...]
    without: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


def class_list(session: Session, event: Event, *, page: int) -> ClassList:
    """A fixed number of queries. A page beyond the last is the last."""
    here = col(Resource.event_id) == event.id
    total: int = session.execute(select(func.count(col(Resource.id))).where(here)).scalar_one()
    page = min(max(1, page), max(1, -(-total // PER_PAGE)))
    query = select(Resource).where(here).order_by(col(Resource.position), col(Resource.id))
    resources = session.execute(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).scalars().all()
    members = _people(session, ResourceMember, col(ResourceMember.resource_id), [one.id for one in resources])
    people = {member.id for team in members.values() for member in team}
    known = _taught(session, col(Class.id).in_(_of_teachers(col(ClassTeacher.contact_id).in_(people))))
    nobody = left_out(event)
    without: int = session.execute(select(func.count(col(Class.id))).where(*nobody)).scalar_one()
    return ClassList(
        teams=tuple(_team(resource, members.get(resource.id, ()), known) for resource in resources),
        total=total,
        page=page,
        left_out=tuple(_taught(session, *nobody, limit=MOST_LEFT_OUT)),
        without=without,
    )


def classes_of_team(session: Session, resource: Resource) -> list[Taught]:
    """Whose families see this teacher or team."""
    mine = select(col(ResourceMember.contact_id)).where(col(ResourceMember.resource_id) == resource.id)
    return _taught(session, col(Class.id).in_(_of_teachers(col(ClassTeacher.contact_id).in_(mine))))


def teams_of_class(session: Session, event: Event, row: Class) -> list[Resource]:
    """Whom families of the class see in the event, in its order."""
    teachers = select(col(ClassTeacher.contact_id)).where(col(ClassTeacher.class_id) == row.id)
    theirs = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id).in_(teachers))
    query = select(Resource).where(col(Resource.event_id) == event.id, col(Resource.id).in_(theirs))
    return list(session.execute(query.order_by(col(Resource.position), col(Resource.id))).scalars())


def left_out(event: Event) -> tuple[ColumnElement[bool], ...]:
    """The condition on classes of the school that none of whose teachers has a schedule in the event."""
    is_here = (
        exists()
        .where(col(ClassTeacher.class_id) == col(Class.id))
        .where(col(ResourceMember.contact_id) == col(ClassTeacher.contact_id))
        .where(col(Resource.id) == col(ResourceMember.resource_id), col(Resource.event_id) == event.id)
    )
    return col(Class.school_id) == event.school_id, ~is_here


def _of_teachers(is_one: ColumnElement[bool]) -> Any:
    return select(col(ClassTeacher.class_id)).where(is_one)


def _people(session: Session, tie: Any, of: Any, ids: Sequence[int | None]) -> dict[int | None, tuple[Contact, ...]]:
    """The contacts in order, by the column `of` of the table that ties them."""
    query = select(of, Contact).join(Contact, col(Contact.id) == tie.contact_id).where(of.in_(ids))
    found: dict[int | None, tuple[Contact, ...]] = {}
    for number, contact in session.execute(query.order_by(tie.position, tie.contact_id)):
        found[number] = (*found.get(number, ()), contact)
    return found


def _taught(session: Session, *which: ColumnElement[bool], limit: int | None = None) -> list[Taught]:
    """Three queries."""
    query = select(Class).where(*which).order_by(func.lower(col(Class.name)), col(Class.class_ref)).limit(limit)
    rows = session.execute(query).scalars().all()
    ids = [row.id for row in rows]
    teachers = _people(session, ClassTeacher, col(ClassTeacher.class_id), ids)
    counted = select(col(Enrolment.class_id), func.count().label("n")).where(col(Enrolment.class_id).in_(ids))
    students = {row.class_id: row.n for row in session.execute(counted.group_by(col(Enrolment.class_id)))}
    return [Taught(row, teachers.get(row.id, ()), students.get(row.id, 0)) for row in rows]


def _team(resource: Resource, members: tuple[Contact, ...], known: Sequence[Taught]) -> TeamClasses:
    here = {member.id for member in members}
    theirs = (one for one in known if any(teacher.id in here for teacher in one.teachers))
    return TeamClasses(resource, members, tuple(theirs))
