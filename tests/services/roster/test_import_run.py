"""An upload waits between its dry run and its Apply, and is applied by one only."""

from datetime import datetime

import pytest
from evening import Evening
from factories import make_contact, make_school
from importer import Importer
from sqlalchemy import text
from threads import at_once

from webapp.db import Database
from webapp.models import Contact, ImportRun, School
from webapp.services.roster.import_run import AlreadyApplied, apply_run, dry_run, keep_upload, prepare, run_of
from webapp.services.system.audit import SYSTEM

STUDENTS = b"StudentID\tFirst\tLast\tSecurityValue\nS1\tMia\tAlvarez\tx\n"


@pytest.mark.both_databases
def test_of_two_who_apply_the_same_upload_at_once_one_does(database: Database, now: datetime) -> None:
    """CSV-037"""
    with database.transaction() as session:
        school = make_school(session)
        dora = make_contact(session, school, "Dora")
        files = {"students.txt": STUDENTS}
        run = keep_upload(session, school, dora, files, dry_run(session, school, files, now=now), now=now)

    came = at_once(*[lambda: _apply(database, school, dora, run, now) for _ in range(2)])

    refused = [result for result in came if isinstance(result, AlreadyApplied)]
    assert len(refused) == 1
    assert [result.created["students"] for result in came if result not in refused] == [1]  # type: ignore[attr-defined]


def _apply(database: Database, school: School, contact: Contact, run: ImportRun, now: datetime) -> object:
    """As the view does: the slow part first, then the transaction."""
    with database.reading() as session:
        plan = prepare(session, school, run_of(session, school, contact, run.id or 0), now=now)
    with database.transaction() as session:
        kept = run_of(session, school, contact, run.id or 0)
        return apply_run(session, school, kept, plan, confirmed=0, who=SYSTEM, now=now)


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_families_book_while_events_and_slots_are_written(database: Database, now: datetime) -> None:
    """SQLite has one writer; elsewhere a long file must not keep a whole school waiting."""
    with database.transaction() as session:
        evening = Evening(session, now)
        slot = evening.slot()
    row = "Folake Adeyemi|2027-03-04|16:00|17:00|30\n"
    files = {
        "slots.txt": f"EventID|Resource|Date|StartTime|EndTime|Duration\n{evening.event.id}|{row}",
        "events.txt": f"EventName|Resource|Date|StartTime|EndTime|Duration\nSpring|{row}",
    }

    with database.transaction() as session:
        report = Importer(session, session.get_one(School, evening.school.id), now).apply(files)
        with evening.later(database) as other:
            other.execute(text("SET LOCAL lock_timeout = '1s'"))
            booked = evening.book(slot)

    assert (report.created["events"], report.created["slots"]) == (1, 4)
    assert len(booked) == 1
