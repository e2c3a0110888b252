"""One failure stops nobody, and what cannot be done comes to an end."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from factories import make_school
from outside import Outside
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from jobs.batch import drain
from webapp.db import Database
from webapp.errors import Busy
from webapp.models import Task
from webapp.services.system.errand import LEASE, MOST_FAULTS, Claim, claim_due, settled, write_if_ours

pytestmark = pytest.mark.both_databases


@pytest.fixture
def rows(database: Database, now: datetime) -> list[int]:
    with database.transaction() as session:
        school = make_school(session)
        tasks = [Task(school_id=school.id, kind="test", created_at=now, due_at=now) for _ in range(3)]
        session.add_all(tasks)
        session.flush()
        return [task.id or 0 for task in tasks]


class Work:
    """Settles each row, but for those that it stumbles over."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stumbles: dict[int, Exception] = {}
        self.done: Counter[int] = Counter()

    def __call__(self, claim: Claim) -> None:
        self.done[claim.id] += 1
        if error := self.stumbles.get(claim.id):
            raise error
        with self.database.transaction() as session:
            write_if_ours(session, Task, claim, **settled())


def run(outside: Outside, work: Work, by: timedelta = timedelta(), *, at_once: int = 4) -> int:
    outside.now += by
    return drain(outside.app, Task, work, at_once=at_once)


def task(database: Database, number: int) -> Task:
    with database.reading() as session:
        return session.get_one(Task, number)


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_everything_due_is_run_once_however_many_at_once(
    database: Database, rows: list[int], outside: Outside, at_once: int
) -> None:
    work = Work(database)

    assert run(outside, work, at_once=at_once) == 3
    assert run(outside, work, at_once=at_once) == 0
    assert work.done == Counter(rows)


def test_our_fault_on_one_row_stops_no_other_and_it_comes_back_after_its_lease(
    database: Database, rows: list[int], outside: Outside
) -> None:
    work = Work(database)
    work.stumbles[rows[1]] = ZeroDivisionError()

    run(outside, work)
    run(outside, work, LEASE - timedelta(seconds=1))
    early = dict(work.done)
    work.stumbles.clear()
    run(outside, work, timedelta(seconds=1))

    assert early == dict.fromkeys(rows, 1)
    assert work.done[rows[1]] == 2
    assert (task(database, rows[1]).due_at, task(database, rows[1]).problem) == (None, None)


def test_after_five_faults_it_is_given_up_with_a_reason(database: Database, rows: list[int], outside: Outside) -> None:
    work = Work(database)
    work.stumbles[rows[0]] = ZeroDivisionError()

    for _ in range(MOST_FAULTS + 3):
        run(outside, work, LEASE)

    row = task(database, rows[0])
    assert work.done[rows[0]] == MOST_FAULTS
    assert (row.due_at, row.claim, row.problem_code) == (None, None, "fault")


def test_faults_are_counted_apart_from_the_tries_before_them(
    database: Database, rows: list[int], outside: Outside
) -> None:
    """A provider that was down all day does not shorten the row's patience with us."""
    with database.transaction() as session:
        session.get_one(Task, rows[0]).attempts = 99
    work = Work(database)
    work.stumbles[rows[0]] = ZeroDivisionError()

    for _ in range(MOST_FAULTS - 1):
        run(outside, work, LEASE)

    assert task(database, rows[0]).due_at


@pytest.mark.parametrize("error", [Busy(), OperationalError("", {}, Exception("gone"))], ids=["busy", "gone"])
def test_the_database_s_trouble_is_not_the_row_s_fault(
    database: Database, rows: list[int], outside: Outside, error: Exception
) -> None:
    work = Work(database)
    work.stumbles[rows[0]] = error

    for _ in range(MOST_FAULTS + 3):
        run(outside, work, LEASE)

    assert work.done[rows[0]] == MOST_FAULTS + 3
    assert task(database, rows[0]).problem is None


def test_a_fault_of_one_who_lost_the_row_is_not_counted(database: Database, rows: list[int], outside: Outside) -> None:
    """Stalled beyond its lease, it fails while another has the row."""

    def stall(claim: Claim) -> None:
        with database.transaction() as session:
            claim_due(session, Task, now=outside.now + LEASE)
        raise ZeroDivisionError

    drain(outside.app, Task, stall, at_once=4)

    with database.reading() as session:
        assert session.exec(select(Task).where(col(Task.problem).is_not(None))).all() == []
