"""Give every test its own database and forbid what would leave this machine."""

import gc
import logging
import os
import random
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from sqlmodel import Session

sys.path.insert(0, str(Path(__file__).parent))  # the test helpers beside this file: factories, fakes, contracts

import postgres
import thrift
from installation import upgrade
from nobody import Listener
from outside import Outside

from webapp.db import Database
from webapp.logs import hush
from webapp.services.system.vault import Vault

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Whoever shares the machine with other work is not slow by a fault of the code.
hypothesis.settings.register_profile("patient", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("patient")

hush()
thrift.be_thrifty()
gc.set_threshold(10_000, 10, 10)  # looking for garbage was a seventh of the time

KEY = "tests-only-token-key-0123456789abcdef"
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Monday morning in Chicago, ten days before the conferences that the factories make."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def _no_network_beyond_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in _LOOPBACK and not str(address[0]).startswith("127."):
            pytest.fail(f"a test tried to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _the_log_tells_of_nobody() -> Iterator[None]:
    """OPS-018, RELIABILITY B19: in the whole run, at the level of an installation (`set_up_logs`)."""
    root, former, listener = logging.getLogger(), logging.getLogger().level, Listener()
    root.addHandler(listener)
    root.setLevel(logging.INFO)
    yield
    root.removeHandler(listener)
    root.setLevel(former)
    assert listener.telling == []


@pytest.fixture
def now() -> datetime:
    return NOW


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked `both_databases` and asks for `database`, even by way of `session`, runs on each of the two."""
    if "database" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database", BOTH, indirect=True)


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is opened from here on is as safe from a power cut as in an installation."""
    monkeypatch.setattr(thrift, "waits_for_disk", True)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copy(request.getfixturevalue("_sqlite_template"), tmp_path / "test.db")
        database = Database(f"sqlite:///{tmp_path / 'test.db'}", vault=Vault([KEY]))
        yield database
    else:
        database = Database(request.getfixturevalue("_postgres_database"), vault=Vault([KEY]))
        yield database
        postgres.empty(database)
    database.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from chromium import chromium  # which most tests do without

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As our migrations make it: that takes a hundred times as long as to copy it."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[postgres.Server]:
    try:
        with postgres.server() as server:
            yield server
    except postgres.Missing as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def _postgres_database(_postgres_server: postgres.Server) -> Iterator[str]:
    with _postgres_server.fresh_database() as url:
        yield url


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction around the whole test; services flush in it, and it is committed at the end."""
    with database.transaction() as session:
        yield session


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests run when asked for: ./confab test --long sets CONFAB_LONG. A sample of the races runs in CI too, and
    comes first, so that no core is left alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("races") is None)
    if os.environ.get("CONFAB_LONG") or config.getoption("-m"):
        return
    left_out = {"long"} if os.environ.get("CI") else {"long", "races"}
    skip = pytest.mark.skip(reason="long: ./confab test --long")
    for item in items:
        if any(item.get_closest_marker(name) for name in left_out):
            item.add_marker(skip)


def pytest_collection_finish() -> None:
    """All that is loaded by now stays: it need not be looked at for garbage again and again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _different_luck() -> None:
    random.seed()


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    yield
    thrift.close_idle()


@pytest.fixture
def outside(database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Outside:
    """The fakes of the outside, and the jobs that speak to them."""
    return Outside(database, now, monkeypatch)
