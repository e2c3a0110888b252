"""Lend an empty database of each kind to tests that run the real server on it, or spoil it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from postgres import Server
from races.audit import wrongs
from sqlalchemy import text

from webapp.db import Database
from webapp.models import metadata

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@contextmanager
def empty_database(request: pytest.FixtureRequest, places: pytest.TempPathFactory) -> Iterator[str]:
    """Without tables: the server's schema is made by our own migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{places.mktemp('races') / 'races.db'}"
        return
    server: Server = request.getfixturevalue("_postgres_server")
    name = f"confab_races_{secrets.token_hex(6)}"
    server.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield server.url_of(name)
    finally:
        server.run(f"DROP DATABASE {name} WITH (FORCE)")


def with_tables(url: str) -> Iterator[Database]:
    database = Database(url)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


def without_key(table: str) -> tuple[str, ...]:
    """Statements that leave the table its rows and take its constraints."""
    return f"CREATE TABLE loose AS SELECT * FROM {table}", f"DROP TABLE {table}", f"ALTER TABLE loose RENAME TO {table}"


def loosen(database: Database, *statements: str) -> None:
    with database.engine.execution_options(write=True).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def wrong_in(database: Database) -> dict[str, int]:
    return wrongs(database.engine.url.render_as_string(hide_password=False))
