"""Who joins or leaves a team while a family books with it is busy where they are, and nowhere else."""

from datetime import datetime

import pytest
from evening import Evening
from factories import make_teacher
from sqlmodel import Session, col, select
from threads import in_turn

from webapp.db import Database
from webapp.models import Contact, Occupancy, Resource, Slot
from webapp.services.event.team import seen, team_of
from webapp.services.event.team_members import join_team, leave_team
from webapp.services.system.audit import SYSTEM
from webapp.services.system.invariants import broken

# SQLite has one writer anyway.
pytestmark = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def with_ines(database: Database, now: datetime) -> tuple[Evening, Contact, Slot]:
    """Who is not of Ms Adeyemi's team yet, and a free time of it."""
    with database.transaction() as session:
        evening = Evening(session, now)
        return evening, make_teacher(session, evening.school, "Ines", "Ito"), evening.slot()


def join(session: Session, evening: Evening, ines: Contact) -> None:
    join_team(session, session.get_one(Resource, evening.resource.id), ines.id or 0, who=SYSTEM, now=evening.now)


def leave(session: Session, evening: Evening, ines: Contact) -> None:
    team = session.get_one(Resource, evening.resource.id)
    leave_team(session, team, ines.id or 0, was=seen(team_of(session, team)), who=SYSTEM, now=evening.now)


def book(session: Session, evening: Evening, slot: Slot) -> None:
    evening.session = session
    evening.book(slot)


def busy(database: Database) -> set[int]:
    """The teachers whose minutes are taken."""
    with database.reading() as session:
        assert broken(session) == []
        return set(session.exec(select(Occupancy.subject_id).where(col(Occupancy.slot_id).is_not(None))))


def test_who_joins_while_a_family_books_is_busy_when_it_comes(database: Database, now: datetime) -> None:
    evening, ines, slot = with_ines(database, now)

    in_turn(database, lambda session: join(session, evening, ines), lambda session: book(session, evening, slot))

    assert busy(database) == {evening.teacher.id, ines.id}


def test_who_leaves_while_a_family_books_is_free_again(database: Database, now: datetime) -> None:
    evening, ines, slot = with_ines(database, now)
    with database.transaction() as session:
        join(session, evening, ines)

    in_turn(database, lambda session: book(session, evening, slot), lambda session: leave(session, evening, ines))

    assert busy(database) == {evening.teacher.id}
