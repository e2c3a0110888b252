"""Lend an empty database of each kind to tests that run the real server on it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from postgres import Server

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
