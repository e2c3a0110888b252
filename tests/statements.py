"""Note what is asked of a database, and how SQLite would find it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

Statement = tuple[str, Any]
_SWEEPING = re.compile(r"^SCAN|AUTOMATIC|\((school|event)_id=\?( AND \w+[<>]\?)*\)")


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
    engine: Engine = app.extensions["confab"].database.engine
    found = []
    with engine.connect() as connection:
        for statement, values in asked:
            if statement.startswith("SELECT"):
                steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
                found += [f"{step} for {statement}" for step in steps if _is_sweeping(step)]
    return found


def _is_sweeping(step: str) -> bool:
    return bool(_SWEEPING.search(step)) and step.split()[1] != "taken"
