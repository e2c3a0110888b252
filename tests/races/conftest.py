"""Lend race tests the real server on each database, and processes that race requests to it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from installation import newborn
from races.databases import BOTH, empty_database
from races.scene import Scene, set_scene
from races.senders import Senders
from races.server import Running, serving

from webapp.db import Database

pytest.register_assert_rewrite("races.storm")  # so that a failed round says what it found


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


@pytest.fixture(params=range(8))
def playing(database: Database, now: datetime) -> Scene:
    """Each pair is raced so often, in a new evening every time."""
    return set_scene(database, now)


@pytest.fixture(params=BOTH)
def lent(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database that the test may spoil."""
    with newborn(request, tmp_path / "lent.db", request.param) as url:
        database = Database(url)
        yield database
        database.dispose()
