"""Nobody and nothing is deleted while an entry or a meeting of theirs still has to go (RELIABILITY I12)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from evening import Evening
from outside import Outside
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import DomainError
from webapp.models import CalendarLink, Connection, Event, Level
from webapp.services.event.delete_event import KEPT_FOR, delete_event, forget_deleted
from webapp.services.event.remove_teacher import MeetingsLeft, remove_teacher
from webapp.services.people.delete_person import StillRemoving, delete_contact, delete_student
from webapp.services.people.remove_level import look_at
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases

Deed = Callable[[Session, Evening], object]
DEEDS: dict[str, tuple[Deed, type[DomainError]]] = {
    "family": (
        lambda db, e: delete_contact(db, e.school.id or 0, e.alice.id or 0, who=SYSTEM, now=e.now),
        StillRemoving,
    ),
    "child": (lambda db, e: delete_student(db, e.school.id or 0, e.mia.id or 0, who=SYSTEM, now=e.now), StillRemoving),
    "teacher": (
        lambda db, e: delete_contact(db, e.school.id or 0, e.teacher.id or 0, who=SYSTEM, now=e.now),
        StillRemoving,
    ),
    "resource": (lambda db, e: remove_teacher(db, e.resource, who=SYSTEM, now=e.now), MeetingsLeft),
}


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    """One appointment was on the calendar, and was just cancelled."""
    with database.transaction() as session:
        evening = Evening(session, now)
        evening.linked()
        [booked] = evening.book(evening.slot(kind="P"))
    outside.tick()
    with evening.later(database):
        evening.cancel(booked)
    return evening


@pytest.mark.parametrize("whom", DEEDS)
def test_who_has_an_entry_that_is_leaving_is_deleted_once_it_has_left(
    database: Database, evening: Evening, outside: Outside, whom: str
) -> None:
    deed, refusal = DEEDS[whom]
    with pytest.raises(refusal), evening.later(database) as session:
        deed(session, evening)

    outside.tick()

    assert outside.calendars.standing() == []
    with evening.later(database) as session:
        deed(session, evening)


def test_a_calendar_to_which_nobody_may_write_any_more_holds_up_nobody(database: Database, evening: Evening) -> None:
    with evening.later(database) as session:
        session.exec(select(CalendarLink)).one().disconnected_at = evening.now

        for deed, _ in DEEDS.values():
            with session.begin_nested() as change:
                deed(session, evening)
                change.rollback()


def test_a_meeting_at_an_account_that_is_not_connected_any_more_holds_up_nobody(
    database: Database, now: datetime, outside: Outside
) -> None:
    """A school that gives Zoom up still deletes whom it has to."""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        [booked] = evening.book(evening.slot())
    outside.knows(f"z{evening.teacher.id}")
    outside.tick()
    with evening.later(database) as session:
        evening.cancel(booked)
        with pytest.raises(StillRemoving), session.begin_nested():
            DEEDS["child"][0](session, evening)
        session.exec(select(Connection)).one().disconnected_at = evening.now

        for deed, _ in DEEDS.values():
            with session.begin_nested() as change:
                deed(session, evening)
                change.rollback()


def test_whoever_is_removed_by_level_stays_meanwhile(database: Database, evening: Evening, outside: Outside) -> None:
    school = evening.school.id or 0
    with evening.later(database) as session:
        before = look_at(session, school, Level.CUSTOMER, who=SYSTEM, now=evening.now)
    outside.tick()
    with evening.later(database) as session:
        after = look_at(session, school, Level.CUSTOMER, who=SYSTEM, now=evening.now)

    assert (before.staying, after.staying) == (1, 0)


def test_a_deleted_event_is_forgotten_when_its_entries_have_left(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        evening.book(evening.slot(after=60, kind="P"))
    outside.tick()
    with evening.later(database) as session:
        delete_event(session, evening.event, confirmed=evening.event.name, who=SYSTEM, now=evening.now)
    late = evening.now + KEPT_FOR + timedelta(days=1)
    with database.transaction() as session:
        forget_deleted(session, now=late)
        kept = len(session.exec(select(Event)).all())

    outside.tick()

    assert (kept, outside.calendars.standing()) == (1, [])
    with database.transaction() as session:
        forget_deleted(session, now=late)
        assert session.exec(select(Event)).all() == []
