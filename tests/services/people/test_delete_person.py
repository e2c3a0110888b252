"""Who is deleted leaves no minutes behind that nobody would give back any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from evening import Evening
from sqlmodel import Session, col, select
from threads import in_turn

from webapp.db import Database
from webapp.models import Contact, Level, Occupancy, Slot
from webapp.services.people.delete_person import HasAppointments, delete_contact
from webapp.services.people.remove_level import look_at, remove_level
from webapp.services.system.audit import SYSTEM
from webapp.services.system.invariants import broken


@dataclass
class LastYear:
    """Alice met Ms Adeyemi alone, Bob and Carol at a time for two; all has passed."""

    evening: Evening
    bob: Contact
    carol: Contact
    alone: Slot
    shared: Slot
    now: datetime

    def delete(self, contact: Contact) -> None:
        delete_contact(self.evening.session, self.evening.school.id or 0, contact.id or 0, who=SYSTEM, now=self.now)

    def holding(self) -> set[int | None]:
        """The slots that hold minutes of teachers."""
        query = select(Occupancy.slot_id).where(col(Occupancy.slot_id).is_not(None))
        return set(self.evening.session.exec(query))


@pytest.fixture
def last_year(session: Session, now: datetime) -> LastYear:
    evening = Evening(session, now)
    alone, shared = evening.slot(), evening.slot(capacity=2)
    evening.book(alone)
    parents = []
    for parent, child in (("Bob", "Ben"), ("Carol", "Cleo")):
        adult, student = evening.family(parent, child, evening.teacher)
        evening.book(shared, maker=adult, child=student)
        parents.append(adult)
    return LastYear(evening, *parents, alone, shared, now=shared.ends_at + timedelta(days=30))


@pytest.mark.both_databases
def test_a_deleted_parents_past_time_holds_no_minutes_of_its_teacher(last_year: LastYear) -> None:
    was = last_year.holding()

    last_year.delete(last_year.evening.alice)

    assert was == {last_year.alone.id, last_year.shared.id}
    assert last_year.holding() == {last_year.shared.id}


@pytest.mark.both_databases
def test_a_past_time_of_two_is_held_until_the_last_of_them_is_deleted(last_year: LastYear) -> None:
    last_year.delete(last_year.bob)
    with_carol = last_year.holding()
    last_year.delete(last_year.carol)

    assert with_carol == {last_year.alone.id, last_year.shared.id}
    assert last_year.holding() == {last_year.alone.id}


@pytest.mark.both_databases
def test_a_deleted_teachers_past_minutes_go_with_them(last_year: LastYear) -> None:
    last_year.delete(last_year.evening.teacher)

    assert last_year.holding() == set()


@pytest.mark.both_databases
def test_families_that_are_removed_all_at_once_leave_no_minutes_held(last_year: LastYear) -> None:
    session, school = last_year.evening.session, last_year.evening.school.id or 0
    level = Level(last_year.bob.level)
    number = look_at(session, school, level, who=SYSTEM, now=last_year.now).going

    remove_level(session, school, level, number, who=SYSTEM, now=last_year.now)

    assert number >= 3
    assert last_year.holding() == set()


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_teacher_with_whom_a_family_books_at_this_moment_stays(database: Database, now: datetime) -> None:
    """SQLite has one writer anyway."""
    with database.transaction() as session:
        evening = Evening(session, now)
        slot = evening.slot()
    school, teacher = evening.school.id or 0, evening.teacher.id or 0

    def family(session: Session) -> None:
        evening.session = session
        evening.book(slot)

    def office(session: Session) -> None:
        delete_contact(session, school, teacher, who=SYSTEM, now=now)

    _, refused = in_turn(database, family, office)

    assert isinstance(refused, HasAppointments)
    with database.reading() as session:
        assert broken(session) == []
