"""While an installation is on hold its jobs call nobody and send nothing; what waited goes out once it is resumed."""

from datetime import timedelta

import pytest
from evening import Evening
from factories import make_contact
from outside import Outside
from sqlmodel import select

from jobs.tasks import run_tasks
from webapp.db import Database
from webapp.models import Appointment, Audit, Installation, Level, School, Task
from webapp.services.booking.bulk import DELETE, start_bulk
from webapp.services.meeting.map_contacts import start_mapping
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import begin_again, epoch_of, hold, hold_of, resume

pytestmark = pytest.mark.both_databases


def arrange(database: Database, outside: Outside, *, because: str) -> int:
    """A virtual appointment booked, which is returned, and teachers to be mapped, on an installation that was just put
    on hold."""
    with database.transaction() as session:
        evening = Evening(session, outside.now, "zoom")
        outside.knows(f"z{evening.teacher.id}")
        [booked] = evening.book(evening.slot())
        start_mapping(session, evening.school.id or 0, "zoom", None, outside.now)
        hold(session, because=because, who=SYSTEM, now=outside.now)
        return booked.id or 0


def tick(outside: Outside, by: timedelta = timedelta()) -> None:
    outside.tick(by)
    run_tasks(outside.app)


def is_mapped(database: Database) -> bool:
    with database.reading() as session:
        return session.exec(select(Task)).one().ended_at is not None


def test_nothing_leaves_while_it_is_on_hold(database: Database, outside: Outside) -> None:
    arrange(database, outside, because="The server moves tonight.")

    for minutes in (0, 3, 60):
        tick(outside, timedelta(minutes=minutes))

    assert outside.meetings.calls == []
    assert outside.mailer.sent == []
    assert not is_mapped(database)


def test_what_the_office_starts_is_done_while_it_is_on_hold_and_calls_nobody(
    database: Database, outside: Outside
) -> None:
    booked = arrange(database, outside, because="")
    with database.transaction() as session:
        dora = make_contact(session, session.exec(select(School)).one(), "Dora", level=Level.ADMINISTRATOR)
        started = start_bulk(session, dora, DELETE, [booked], who=SYSTEM, now=outside.now).id

    tick(outside)

    with database.reading() as session:
        done = session.get_one(Task, started)
        assert (done.ended_at, done.problem) == (outside.now, None)
        assert session.get_one(Appointment, booked).cancelled_at == outside.now
        waiting = session.exec(select(Task).where(Task.id != started)).one()
        assert (waiting.ended_at, waiting.attempts) == (None, 0)
    assert (outside.meetings.calls, outside.mailer.sent) == ([], [])


def test_what_waited_goes_out_once_it_is_resumed(database: Database, outside: Outside) -> None:
    arrange(database, outside, because="")
    tick(outside, timedelta(minutes=1))

    with database.transaction() as session:
        assert resume(session, who=SYSTEM, now=outside.now)
        told = set(session.info["topics"])
    tick(outside)

    assert told == {"meeting", "calendar", "mail", "task"}
    assert len(outside.meetings.standing()) == 1
    assert len(outside.mailer.sent) == 1
    assert is_mapped(database)


def test_a_second_hold_brings_a_newer_reason_and_keeps_the_time(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        hold(session, because="One", who=SYSTEM, now=outside.now)
        hold(session, because="Two", who=SYSTEM, now=outside.now + timedelta(hours=1))

        held = hold_of(session)

    assert held is not None
    assert (held.since, held.because) == (outside.now, "Two")


def test_resuming_what_was_not_on_hold_changes_nothing(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        assert not resume(session, who=SYSTEM, now=outside.now)

        assert session.exec(select(Audit)).all() == []


def test_every_restore_begins_an_epoch_of_its_own_even_of_the_same_backup(database: Database, outside: Outside) -> None:
    """D6"""
    epochs = []
    for day in (0, 7):
        with database.transaction() as session:
            epochs.append(begin_again(session, because="Restored", who=SYSTEM, now=outside.now + timedelta(days=day)))
            assert epoch_of(session) == epochs[-1]
            assert hold_of(session) is not None
            session.get_one(Installation, 1).epoch = 0  # the backup's

    assert 0 < epochs[0] < epochs[1]


def test_a_clock_that_went_back_still_raises_the_epoch(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        first = begin_again(session, because="", who=SYSTEM, now=outside.now)

        assert begin_again(session, because="", who=SYSTEM, now=outside.now - timedelta(days=9)) == first + 1


def test_there_is_one_row_whoever_writes_it_first(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        assert hold_of(session) is None
        hold(session, because="", who=SYSTEM, now=outside.now)
        first = session.exec(select(Installation)).one().instance
        resume(session, who=SYSTEM, now=outside.now)

        assert session.exec(select(Installation)).one().instance == first
        assert len(first) == 16


def test_holding_and_resuming_are_written_down(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        hold(session, because="A reason that may name Alice", who=SYSTEM, now=outside.now)
        resume(session, who=SYSTEM, now=outside.now)

        written = session.exec(select(Audit).order_by(Audit.id)).all()

    assert [row.action for row in written] == ["installation.hold", "installation.resume"]
    assert all("Alice" not in row.detail for row in written)
