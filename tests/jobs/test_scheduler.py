"""The clock ticks, a commit wakes it, and a failing run does not stop the next."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from outside import Outside

from jobs import scheduler
from jobs.scheduler import SCHEDULE, Job, start
from webapp import clock
from webapp.db import Database, wake
from webapp.errors import Invalid

IN_TIME = 20
AN_HOUR = 3600


class Runs:
    """What each job did: `come` waits for it to be begun so many times; while the gate is shut, it does not end."""

    def __init__(self) -> None:
        self._begun: dict[str, threading.Semaphore] = {topic: threading.Semaphore(0) for topic in SCHEDULE}
        self.begun: list[str] = []
        self.side_by_side = 0
        self.most_side_by_side = 0
        self.gate = threading.Event()
        self.gate.set()
        self.fails = False
        self._lock = threading.Lock()

    def job(self, topic: str) -> Callable[[Flask], None]:
        def run(_app: Flask) -> None:
            with self._lock:
                self.begun.append(topic)
                self.side_by_side += 1
                self.most_side_by_side = max(self.most_side_by_side, self.side_by_side)
            self._begun[topic].release()
            self.gate.wait(IN_TIME)
            with self._lock:
                self.side_by_side -= 1
            if self.fails:
                raise ZeroDivisionError

        return run

    def come(self, topic: str) -> bool:
        return self._begun[topic].acquire(timeout=IN_TIME)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """In the place of the real jobs; they tick so seldom that a test sees only what was woken."""
    runs = Runs()
    monkeypatch.setattr(scheduler, "SCHEDULE", {topic: Job(runs.job(topic), AN_HOUR) for topic in SCHEDULE})
    return runs


@pytest.fixture
def timer(runs: Runs, outside: Outside) -> Iterator[BackgroundScheduler]:
    log = logging.getLogger("apscheduler")
    level = log.level
    timer = start(outside.app)
    # That a run failed is what some of these tests want.
    log.setLevel(logging.CRITICAL)
    yield timer
    runs.gate.set()
    if timer.running:
        timer.shutdown()
    log.setLevel(level)


def commit(database: Database, *topics: str) -> None:
    with database.transaction() as session:
        for topic in topics:
            wake(session, topic)


def told(timer: BackgroundScheduler, kind: int) -> threading.Event:
    event = threading.Event()

    def listen(_event: JobEvent) -> None:
        event.set()

    timer.add_listener(listen, kind)
    return event


def test_each_job_ticks_by_itself_and_never_beside_itself(outside: Outside) -> None:
    """RELIABILITY D3: the schedule is in memory; no job is stored."""
    timer = start(outside.app)
    timer.pause()
    jobs = {job.id: job for job in timer.get_jobs()}
    timer.shutdown()

    assert {topic: job.trigger.interval for topic, job in jobs.items()} == {
        "meeting": timedelta(seconds=3),
        "calendar": timedelta(seconds=3),
        "calendar_import": timedelta(seconds=10),
        "mail": timedelta(seconds=3),
        "task": timedelta(seconds=3),
        "webhook": timedelta(seconds=3),
        "sweep": timedelta(seconds=30),
        "mapping": timedelta(seconds=10),
        "overlooked": timedelta(minutes=1),
        "hold": timedelta(seconds=30),
        "reminder": timedelta(minutes=1),
        "resource": timedelta(seconds=20),
        "keep_alive": timedelta(hours=1),
        "statistics": timedelta(seconds=10),
        "housekeeping": timedelta(hours=1),
    }
    assert {(job.max_instances, job.coalesce, job.misfire_grace_time) for job in jobs.values()} == {(1, True, None)}


class Wall(datetime):
    """The clock on the wall, for the scheduler and APScheduler."""

    ahead = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + cls.ahead


def test_jobs_go_on_when_the_clock_is_set_back(
    runs: Runs, outside: Outside, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """RELIABILITY 2.3: a machine that started with its clock two hours ahead makes links all the same."""
    for module in ("jobs.scheduler", "apscheduler.schedulers.base", "apscheduler.triggers.interval"):
        monkeypatch.setattr(f"{module}.datetime", Wall)
    monkeypatch.setattr(Wall, "ahead", timedelta(hours=2))
    monkeypatch.setattr(scheduler, "LOOK", 0.05)
    monkeypatch.setitem(scheduler.SCHEDULE, "mail", Job(runs.job("mail"), 1))
    request.getfixturevalue("timer")
    assert runs.come("mail")

    Wall.ahead = timedelta()

    assert runs.come("mail")
    assert runs.come("sweep")
    assert runs.come("mail")


def test_a_commit_that_made_errands_due_wakes_their_job_at_once(
    database: Database, runs: Runs, timer: BackgroundScheduler
) -> None:
    commit(database, "meeting", "mail")

    assert runs.come("meeting")
    assert runs.come("mail")
    assert sorted(runs.begun) == ["mail", "meeting"]


def test_what_was_rolled_back_or_is_of_no_job_wakes_nobody(
    database: Database, runs: Runs, timer: BackgroundScheduler
) -> None:
    with suppress(Invalid), database.transaction() as session:
        wake(session, "mail")
        raise Invalid
    commit(database)

    commit(database, "nothing of the kind", "task")

    assert runs.come("task")
    assert runs.begun == ["task"]


def test_a_run_that_fails_stops_neither_the_next_nor_the_others(
    database: Database, runs: Runs, timer: BackgroundScheduler
) -> None:
    failed, done = told(timer, EVENT_JOB_ERROR), told(timer, EVENT_JOB_EXECUTED)
    runs.fails = True
    commit(database, "meeting")
    assert runs.come("meeting")
    assert failed.wait(IN_TIME)

    runs.fails = False
    commit(database, "meeting", "mail")

    assert runs.come("meeting")
    assert runs.come("mail")
    assert done.wait(IN_TIME)


def test_a_job_that_is_still_at_work_is_not_run_a_second_time_beside_itself(
    database: Database, runs: Runs, timer: BackgroundScheduler
) -> None:
    skipped, done = told(timer, EVENT_JOB_MAX_INSTANCES), told(timer, EVENT_JOB_EXECUTED)
    runs.gate.clear()
    commit(database, "meeting")
    assert runs.come("meeting")

    commit(database, "meeting")
    assert skipped.wait(IN_TIME)
    runs.gate.set()
    assert done.wait(IN_TIME)
    commit(database, "meeting")

    assert runs.come("meeting")
    assert (runs.begun, runs.most_side_by_side) == (["meeting"] * 2, 1)


def test_one_slow_job_does_not_keep_the_others(database: Database, runs: Runs, timer: BackgroundScheduler) -> None:
    runs.gate.clear()
    commit(database, "meeting")
    assert runs.come("meeting")

    commit(database, "mail")

    assert runs.come("mail")


@pytest.mark.parametrize("days", [-30, 30])
def test_a_rehearsal_on_another_day_is_woken_as_well(
    database: Database, runs: Runs, timer: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """The timer goes by the machine's clock, the rows by ours."""
    monkeypatch.setattr(clock, "_ahead", timedelta(days=days))

    commit(database, "meeting")

    assert runs.come("meeting")


def test_a_commit_while_the_process_ends_is_no_fault(
    database: Database, runs: Runs, timer: BackgroundScheduler
) -> None:
    timer.shutdown()

    commit(database, "meeting", "mail", "task")

    assert runs.begun == []
