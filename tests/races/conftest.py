"""Lend race tests the real server on each database, and processes that race requests to it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from postgres import Server
from races.senders import Senders
from races.server import Running, serving

pytest.register_assert_rewrite("races.storm")  # so that a failed round says what it found

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session", params=BOTH)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests of a database; each makes a school of its own, and none may leave anything wrong."""
    with empty_database(request, tmp_path_factory) as url, serving(url) as running:
        yield running


@pytest.fixture
def own_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose database one test may spoil."""
    with empty_database(request, tmp_path_factory) as url, serving(url) as running:
        yield running


@pytest.fixture(scope="session")
def senders() -> Iterator[Senders]:
    with Senders() as senders:
        yield senders


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
