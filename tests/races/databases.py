"""Lend an empty database of each kind to tests that run the real server on it, or spoil it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from installation import newborn
from races.audit import wrongs
from sqlalchemy import text

from webapp.db import Database

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@contextmanager
def empty_database(request: pytest.FixtureRequest, places: pytest.TempPathFactory) -> Iterator[str]:
    with newborn(request, places.mktemp("races") / "races.db", request.param) as url:
        yield url


def without_key(table: str) -> tuple[str, ...]:
    """Statements that leave the table its rows and take its constraints."""
    return f"CREATE TABLE loose AS SELECT * FROM {table}", f"DROP TABLE {table}", f"ALTER TABLE loose RENAME TO {table}"


def loosen(database: Database, *statements: str) -> None:
    with database.engine.execution_options(write=True).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def wrong_in(database: Database) -> dict[str, int]:
    return wrongs(database.engine.url.render_as_string(hide_password=False))
