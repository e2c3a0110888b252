"""A large import runs by itself: its page tells how far it is, and what came of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from app import test_settings as settings_of
from conftest import KEY
from importer_desk import STUDENTS, WITHOUT_ADDRESS, Desk, open_desk
from zoom_office import words

from jobs.tasks import run_tasks
from webapp.db import Database
from webapp.models import Audit, ImportRun, Level, Login, Student, Task
from webapp.services.roster import import_roster, import_task
from webapp.services.roster.import_run import discard
from webapp.services.roster.import_task import run_import
from webapp.services.system.errand import Claim, claim_due


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(import_task, "LARGE", 2)
    return open_desk(database, settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY))


def test_a_large_import_is_applied_by_a_task_whose_page_ends_to_ask(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS))

    sent = desk.apply(address, absent="1")
    before = desk.dora.get(address).text, desk.dora.get(f"{address}/progress").text
    left = desk.rows(Student)
    run_tasks(desk.app)
    after = desk.dora.get(address).text, desk.dora.get(f"{address}/progress").text

    assert (sent.status_code, left, len(desk.rows(Student))) == (303, [], 2)
    assert all("You can leave this page; it keeps running." in words(page) for page in before)
    assert all('hx-trigger="every 2s"' in page for page in before)
    assert "Apply this import" not in before[0]
    assert "See what was imported" in words(after[1])
    assert not any('hx-trigger="every' in page for page in after)
    assert [row.action for row in desk.rows(Audit)].count("roster.import") == 1


def test_the_button_pressed_twice_starts_one(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS))
    key = desk.dora.key(address)

    answers = [desk.dora.post(f"{address}/apply", {"key": key}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(desk.rows(Task)) == 1


def test_rows_that_would_be_left_out_are_confirmed_before_anything_starts(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS), ("teachers.txt", WITHOUT_ADDRESS))

    assert desk.apply(address).status_code == 422
    assert desk.rows(Task) == []
    assert desk.apply(address, confirmed="1").status_code == 303
    assert len(desk.rows(Task)) == 1


def test_what_stood_in_its_way_is_told_on_the_page(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS))
    desk.apply(address)
    with desk.database.transaction() as session:
        discard(session, session.get_one(ImportRun, 1), now=datetime.now(UTC))

    run_tasks(desk.app)

    assert "This preview was discarded." in words(desk.dora.get(f"{address}/progress").text)
    assert desk.rows(Student) == []


def test_a_task_that_another_process_took_over_writes_nothing_and_one_done_again_nothing_twice(desk: Desk) -> None:
    """RELIABILITY 2.3: a claim that ran out, and a process that died after its commit."""
    desk.apply(desk.dry_run(("students.txt", STUDENTS)))
    [task] = desk.rows(Task)
    now = lambda: datetime.now(UTC)  # noqa: E731 - the clock that the job gives

    run_import(desk.database, Claim(task.id, "somebody else's"), now)
    left = desk.rows(Student)
    run_tasks(desk.app)
    with desk.database.transaction() as session:
        session.get_one(Task, task.id).due_at = now()
        session.get_one(Task, task.id).ended_at = None
    with desk.database.transaction() as session:
        [claim] = claim_due(session, Task, now=now())
    run_import(desk.database, claim, now)

    assert (left, len(desk.rows(Student))) == ([], 2)
    assert [row.ended_at is not None for row in desk.rows(Task)] == [True]
    assert desk.rows(Task)[0].problem is None


def test_many_new_passwords_are_hashed_by_one_process_however_long_it_takes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute after a lease began anybody may take the work over: then hundreds of passwords would never be done."""
    people = [f"T{n}\tOla\tAde\tola{n}@linden.example\tcorrect horse battery {n}" for n in range(6)]
    teachers = "\n".join(["TeacherID\tFirst\tLast\tEmail\tPassword", *people])
    desk.apply(desk.dry_run(("teachers.txt", teachers)))
    at, taken = [datetime.now(UTC)], []

    def slowly(password: str, *, level: Level) -> str:
        at[0] += timedelta(seconds=25)
        with desk.database.transaction() as session:
            taken.extend(claim_due(session, Task, now=at[0]))
        return f"hash of {password} for {level}"

    monkeypatch.setattr(import_roster, "password_hash", slowly)
    monkeypatch.setattr(import_roster, "HASHES_TO_A_BEAT", 2)
    with desk.database.transaction() as session:
        [claim] = claim_due(session, Task, now=at[0])
    run_import(desk.database, claim, lambda: at[0])

    assert taken == []
    assert [row.ended_at is not None for row in desk.rows(Task)] == [True]
    assert sum(login.password_hash is not None for login in desk.rows(Login)) >= 6
