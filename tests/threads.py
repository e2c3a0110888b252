"""Run work side by side, begun at the same moment."""

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from webapp.db import Database
from webapp.errors import DomainError, LostRace


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each came to, in their order: a result, or the DomainError with which it was refused."""
    came: list[object] = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(n: int) -> None:
        ready.wait(10)
        try:
            came[n] = works[n]()
        except DomainError as error:
            came[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return came


def in_turn(
    database: Database, first: Callable[[Session], object], second: Callable[[Session], object]
) -> list[object]:
    """As `at_once`, each in a transaction: the second begins while the first is not committed, and may have to wait."""
    is_done = threading.Event()

    def run_first() -> object:
        with database.transaction() as session:
            came = first(session)
            is_done.set()
            until_somebody_waits(database)
        return came

    def run_second() -> object:
        assert is_done.wait(10)
        with database.transaction() as session:
            return second(session)

    return at_once(run_first, run_second)


def losing_once(deed: Callable[..., Any]) -> Callable[..., Any]:
    """The first call does its work and then loses a race to another transaction, by which nothing of it is kept."""
    calls: list[bool] = []

    def lost(*values: Any, **more: Any) -> Any:
        done = deed(*values, **more)
        calls.append(True)
        if len(calls) == 1:
            raise LostRace
        return done

    return lost


def until_somebody_waits(database: Database) -> None:
    """For a lock of PostgreSQL's; five seconds at most, for nobody may have to."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(500):
        with database.engine.connect() as connection:
            if connection.execute(waiting).scalar_one():
                return
        time.sleep(0.01)
