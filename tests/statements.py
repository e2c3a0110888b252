"""Note what is asked of a database, and how SQLite would find it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

Statement = tuple[str, Any]
_SWEEPING = re.compile(r"^SCAN|AUTOMATIC|\((school|event)_id=\?( AND \w+[<>]\?)*\)")
_OF_THE_PAST = re.compile(r"INDEX ix_appointment_(contact_id_event_id|student_id) ")


@contextmanager
def statements(app: Flask) -> Iterator[list[Statement]]:
    """What the application asks meanwhile, each with its values; BEGIN for each transaction."""
    engine: Engine = app.extensions["confab"].database.engine
    sent: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        sent.append((statement, values))

    def note_begin(_connection: object) -> None:
        sent.append(("BEGIN", ()))

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "begin", note_begin)
    yield sent
    event.remove(engine, "begin", note_begin)
    event.remove(engine, "before_cursor_execute", note)


def sweeping(app: Flask, asked: list[Statement]) -> list[str]:
    """The steps in which SQLite would read a whole table, or make an index of it, or all rows of a school or event; but
    for `taken`, which is what some teachers have (services/booking/times.py)."""
    return [f"{step} for {statement}" for step, statement in _each(app, asked) if _is_sweeping(step)]


def reading_the_past(app: Flask, asked: list[Statement]) -> list[str]:
    """The steps in which SQLite would read all that a family ever booked or held, and gave back."""
    return [f"{step} for {statement}" for step, statement in _each(app, asked) if _OF_THE_PAST.search(step)]


def steps(app: Flask, asked: list[Statement]) -> list[str]:
    """All that SQLite would do."""
    return [step for step, _statement in _each(app, asked)]


def _each(app: Flask, asked: list[Statement]) -> Iterator[tuple[str, str]]:
    engine: Engine = app.extensions["confab"].database.engine
    with engine.connect() as connection:
        for statement, values in asked:
            if statement.startswith("SELECT"):
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
                    yield row[3], statement


def _is_sweeping(step: str) -> bool:
    return bool(_SWEEPING.search(step)) and step.split()[1] != "taken"
