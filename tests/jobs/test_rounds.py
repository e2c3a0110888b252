"""A calendar that hangs keeps nobody else waiting, and costs the database next to nothing meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from evening import Evening
from factories import make_resource, make_teacher
from outside import Outside

from jobs import rounds
from jobs.calendar_export import export_entries
from webapp.db import Database

pytestmark = pytest.mark.both_databases


@pytest.fixture
def evening(database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Evening:
    """One entry is due, on the teacher's calendar."""
    monkeypatch.setattr("jobs.calendar_export.AT_ONCE", 2)
    with database.transaction() as session:
        evening = Evening(session, outside.now)
        evening.linked()
        evening.book(evening.slot(kind="P"))
    return evening


@contextmanager
def first_call_hangs(outside: Outside) -> Iterator[None]:
    """From before the block to its end, while the job is at it."""
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(_method: str) -> None:
        if not hangs.is_set():
            hangs.set()
            assert goes_on.wait(30)

    outside.calendars.on_call = hang
    job = threading.Thread(target=export_entries, args=(outside.app,))
    job.start()
    try:
        assert hangs.wait(10)
        yield
    finally:
        goes_on.set()
        job.join(30)


def comes_true(what: Callable[[], bool], *, within: float) -> bool:
    until = time.monotonic() + within
    while not what() and time.monotonic() < until:
        time.sleep(0.02)
    return what()


def test_what_is_booked_while_one_calendar_hangs_is_entered_in_the_others_within_seconds(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R103"""
    with first_call_hangs(outside):
        with evening.later(database) as session:
            ines = make_teacher(session, evening.school, "Ines", "Ito")
            evening.linked(ines, calendar_id="school")
            bob, ben = evening.family("Bob", "Ben", ines)
            evening.book(evening.slot(make_resource(session, evening.event, ines), kind="P"), maker=bob, child=ben)
        is_entered = comes_true(lambda: bool(outside.calendars.standing("school")), within=5)

    assert is_entered
    assert len(outside.calendars.standing()) == 2


def test_while_nothing_is_due_it_only_looks_and_not_often(
    database: Database, evening: Evening, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "LOOK_AGAIN", 0.2)
    looked, written = [], []
    look, transaction = rounds.is_any_due, Database.transaction

    def counted_look(*values: Any, **named: Any) -> bool:
        looked.append(time.monotonic())
        return look(*values, **named)

    def counted_transaction(self: Database) -> Any:
        written.append(time.monotonic())
        return transaction(self)

    with first_call_hangs(outside):
        time.sleep(0.3)  # the transactions before the call are over
        monkeypatch.setattr(rounds, "is_any_due", counted_look)
        monkeypatch.setattr(Database, "transaction", counted_transaction)
        time.sleep(1)
        looks, writes = len(looked), len(written)

    assert 1 <= looks <= 6
    assert writes == 0
