"""Take an event's resources from the school's roster: its teachers, or the teams that teach its classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Class, ClassTeacher, Contact, Event, Resource, ResourceMember
from webapp.services.people.manners import team_name
from webapp.services.people.name_order import name_key


@dataclass(frozen=True)
class Team:
    """One teacher, or several in order, of whom the first leads and hosts."""

    members: tuple[Contact, ...]
    group_name: str = ""

    @property
    def name(self) -> str:
        return team_name([member.name for member in self.members])

    @property
    def sort_key(self) -> tuple[str, ...]:
        return tuple(part for member in self.members for part in name_key(member.first, member.last))


def take_resources(session: Session, event: Event) -> list[Resource]:
    """PTA: one resource per distinct ordered list of class teachers. Simple PTA: one per teacher."""
    teams = teams_to_take(session, event.school_id, is_simple=event.is_simple)
    return add_resources(session, event, teams, first_position=0)


def teams_to_take(session: Session, school_id: int, *, is_simple: bool) -> list[Team]:
    """Those of a new event, in its order."""
    teams = _teachers(session, school_id) if is_simple else _teams(session, school_id)
    return sorted(teams, key=lambda team: team.sort_key)


def add_resources(session: Session, event: Event, teams: Sequence[Team], *, first_position: int) -> list[Resource]:
    """Room and Virtual Room come from the first member's contact."""
    assert event.id is not None
    rows = [
        Resource(
            school_id=event.school_id,
            event_id=event.id,
            name=team.name,
            group_name=team.group_name,
            position=position,
            room=team.members[0].room,
            virtual_room=team.members[0].virtual_room,
        )
        for position, team in enumerate(teams, first_position)
    ]
    session.add_all(rows)
    session.flush()
    for row, team in zip(rows, teams, strict=True):
        session.add_all(_members(row, team))
    session.flush()
    return rows


def _members(resource: Resource, team: Team) -> Iterator[ResourceMember]:
    for position, member in enumerate(team.members):
        assert resource.id is not None
        assert member.id is not None
        ties = {"resource_id": resource.id, "contact_id": member.id, "school_id": resource.school_id}
        yield ResourceMember(**ties, position=position)


def _teachers(session: Session, school_id: int) -> list[Team]:
    query = select(Contact).where(col(Contact.school_id) == school_id, col(Contact.teacher_ref).is_not(None))
    return [Team((teacher,)) for teacher in session.execute(query).scalars()]


def _teams(session: Session, school_id: int) -> list[Team]:
    query = (
        select(Class, Contact)
        .join(ClassTeacher, col(ClassTeacher.class_id) == col(Class.id))
        .join(Contact, col(Contact.id) == col(ClassTeacher.contact_id))
        .where(col(Class.school_id) == school_id)
        .order_by(col(Class.id), col(ClassTeacher.position), col(ClassTeacher.contact_id))
    )
    members: dict[int | None, list[Contact]] = {}
    groups: dict[int | None, str] = {}
    for klass, teacher in session.execute(query):
        members.setdefault(klass.id, []).append(teacher)
        groups[klass.id] = klass.group_name
    # The first class of a team that names a group decides; a later one must not take the name away.
    found: dict[tuple[int | None, ...], Team] = {}
    for number, teachers in members.items():
        key = tuple(teacher.id for teacher in teachers)
        if key not in found or not found[key].group_name:
            found[key] = Team(tuple(teachers), groups[number])
    return list(found.values())
