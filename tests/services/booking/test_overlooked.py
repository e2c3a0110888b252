"""What a change of host, provider or connection did not see in the moment of a booking is seen within a minute."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from evening import Evening
from factories import make_host, make_teacher
from outside import Outside
from sqlalchemy import update
from sqlmodel import Session, select

from jobs.link_sync import follow_overlooked
from webapp.db import Database
from webapp.models import Appointment, Connection, EventSettings, Host, Meeting
from webapp.services.booking.overlooked import overlooked

pytestmark = pytest.mark.both_databases


def forget(session: Session) -> None:
    for meeting in session.exec(select(Meeting)):
        session.delete(meeting)


def cancel_unseen(session: Session) -> None:
    session.execute(update(Appointment).values(cancelled_at=Appointment.booked_at))


def make_in_person(session: Session) -> None:
    session.execute(update(Appointment).values(is_virtual=False))


def switch_off(session: Session) -> None:
    session.execute(update(EventSettings).values(provider=None))


def map_anew(session: Session) -> None:
    session.execute(update(Host).values(remote_id="other"))


@pytest.fixture
def evening(database: Database, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, outside.now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


@pytest.fixture
def booked(database: Database, evening: Evening) -> Appointment:
    with evening.later(database):
        return evening.book(evening.slot())[0]


def found(database: Database, outside: Outside) -> list[int]:
    with database.reading() as session:
        return overlooked(session, now=outside.now)


@pytest.mark.parametrize("is_linked", [False, True], ids=["wished", "linked"])
@pytest.mark.parametrize("change", [forget, cancel_unseen, make_in_person, switch_off, map_anew])
def test_who_was_overlooked_is_followed_once(
    database: Database, booked: Appointment, outside: Outside, change: Callable[[Session], None], is_linked: bool
) -> None:
    """RELIABILITY I11: in whatever order the two were committed."""
    if is_linked:
        outside.tick()
    assert found(database, outside) == []
    with database.transaction() as session:
        change(session)
    assert found(database, outside) == [booked.id]

    follow_overlooked(outside.app)

    assert found(database, outside) == []


def test_one_that_was_blocked_when_its_cause_went_unseen(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database) as session:
        session.exec(select(Connection)).one().disconnected_at = outside.now
        session.flush()
        evening.book(evening.slot())
    assert found(database, outside) == []
    with database.transaction() as session:
        session.exec(select(Connection)).one().disconnected_at = None

    follow_overlooked(outside.app)
    outside.tick()

    assert len(outside.meetings.standing()) == 1


def test_what_is_over_is_left_as_it_was(database: Database, booked: Appointment, outside: Outside) -> None:
    with database.transaction() as session:
        forget(session)
    outside.now += timedelta(days=30)

    assert found(database, outside) == []


def test_each_teacher_is_told_apart_from_the_others(database: Database, evening: Evening, outside: Outside) -> None:
    """Another teacher's host is not taken for the one who leads."""
    with evening.later(database) as session:
        evening.book(evening.slot())
        make_host(session, make_teacher(session, evening.school, "Ines", "Ito"))

    assert found(database, outside) == []
