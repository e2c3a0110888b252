"""/livez answers while the process lives; /readyz tells this machine's watcher, and nobody else, what is missing."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from app import fake_providers, make_app
from app import test_settings as settings_for
from conftest import BOTH
from factories import make_connection, make_school
from fakes import FakeMailer, FakeMeetings, make_tokens
from flask import Flask
from flask.testing import FlaskClient
from installation import newborn, upgrade
from sqlalchemy import text

from jobs import scheduler
from webapp import schema
from webapp.db import Database
from webapp.services.system.readiness import newest_migration
from webapp.services.system.tokens import close_tokens
from webapp.views import health

KEY, OTHER_KEY = "tests-only-token-key-0123456789abcdef", "tests-only-token-key-fedcba9876543210"
HERE = {"base_url": "http://127.0.0.1:8000"}

Ready = Callable[..., str]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a database with the schema of this version."""
    with newborn(request, tmp_path / "confab.db", request.param) as url:
        yield url


@pytest.fixture
def on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with newborn(request, tmp_path / "confab.db", "sqlite") as url:
        yield url


@pytest.fixture
def apps() -> Iterator[list[Flask]]:
    made: list[Flask] = []
    yield made
    for app in made:
        app.extensions["confab"].database.dispose()


@pytest.fixture
def start(apps: list[Flask]) -> Callable[..., Flask]:
    def started(url: str, **values: object) -> Flask:
        settings = settings_for(url, KEY, **HERE | values)
        apps.append(make_app(settings, fake_providers(FakeMeetings(), FakeMailer())))
        return apps[-1]

    return started


class Answer(NamedTuple):
    status: int
    text: str


def ask(app: Flask, path: str = "/readyz", **more: object) -> Answer:
    app.extensions.pop("readiness", None)
    client: FlaskClient = app.test_client()
    answer = client.get(path, base_url="http://127.0.0.1:8000", **more)
    return Answer(answer.status_code, answer.text)


def test_a_sound_installation_is_ready(start: Callable[..., Flask], url: str) -> None:
    app = start(url)

    assert ask(app) == (200, "ready\n")
    assert ask(app, "/livez") == (200, "ok\n")


def test_the_newest_migration_is_the_one_that_alembic_would_stamp() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")

    assert [newest_migration()] == ScriptDirectory.from_config(config).get_heads()


def test_a_database_that_cannot_be_reached_is_told_and_the_process_still_lives(start: Callable[..., Flask]) -> None:
    app = start("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")

    assert ask(app) == (503, "not ready: database\n")
    assert ask(app, "/livez") == (200, "ok\n")


def test_an_old_schema_is_not_ready(start: Callable[..., Flask], url: str) -> None:
    app = start(url)
    with app.extensions["confab"].database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    assert ask(app) == (503, "not ready: schema\n")


def test_a_database_without_tables_is_not_ready(start: Callable[..., Flask], tmp_path: Path) -> None:
    app = start(f"sqlite:///{tmp_path / 'empty.db'}")

    assert ask(app) == (503, "not ready: schema\n")


def test_a_database_that_takes_no_writes_is_not_ready(start: Callable[..., Flask], url: str) -> None:
    if url.startswith("sqlite"):
        app = start(url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true")
    else:
        app = start(f"{url}&options=-c%20default_transaction_read_only%3Don")

    assert ask(app) == (503, "not ready: read_only\n")


def test_a_writer_who_never_ends_is_told_after_a_while(
    start: Callable[..., Flask], on_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.db.PATIENCE", 0.2)
    app, other = start(on_sqlite), Database(on_sqlite)

    with other.transaction() as session:
        session.execute(text("SELECT 1"))
        answer = ask(app)
    other.dispose()

    assert answer == (503, "not ready: busy\n")
    assert ask(app) == (200, "ready\n")


def test_keys_that_do_not_open_what_is_stored_are_told(start: Callable[..., Flask], url: str) -> None:
    """OAUTH-026"""
    with start(url).extensions["confab"].database.transaction() as session:
        connection = make_connection(session, make_school(session))
        close_tokens(session, connection, make_tokens())

    right, wrong = start(url), start(url, token_keys=(OTHER_KEY,))

    assert ask(right) == (200, "ready\n")
    assert ask(wrong) == (503, "not ready: keys\n")


@pytest.mark.parametrize(("free", "reasons"), [(51, "ready\n"), (49, "not ready: disk\n")])
def test_less_than_a_twentieth_of_the_disk_is_too_little(
    start: Callable[..., Flask],
    on_sqlite: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    reasons: str,
) -> None:
    app = start(on_sqlite)
    usage = shutil.disk_usage(tmp_path)._replace(total=1000, free=free)
    monkeypatch.setattr("webapp.views.health.shutil.disk_usage", lambda place: usage if place == tmp_path else None)

    assert ask(app).text == reasons


def test_a_process_whose_timer_died_is_not_ready_and_one_without_jobs_is(
    start: Callable[..., Flask], on_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, ticking = start(on_sqlite), start(on_sqlite)
    runs = threading.Semaphore(0)
    soon = {topic: job._replace(seconds=1) for topic, job in scheduler.SCHEDULE.items()}
    monkeypatch.setattr(scheduler, "SCHEDULE", soon | {"mail": scheduler.Job(lambda app: runs.release(), 1)})

    timer = scheduler.start(ticking)
    begun = dict(ticking.extensions["ticks"])
    assert all(runs.acquire(timeout=20) for _ in range(2))
    noted = dict(ticking.extensions["ticks"])
    timer.shutdown()
    alive = ask(ticking)
    monkeypatch.setattr(time, "monotonic", _later(health.MISSED_TICKS + 30))

    assert set(begun) == set(soon)
    assert noted["mail"] > begun["mail"]
    assert alive == (200, "ready\n")
    assert ask(ticking) == (503, "not ready: jobs\n")
    assert ask(serving) == (200, "ready\n")


def _later(seconds: float) -> Callable[[], float]:
    now = time.monotonic
    return lambda: now() + seconds


@pytest.mark.parametrize(
    ("base_url", "headers", "address"),
    [
        ("http://127.0.0.1:8000", {"X-Forwarded-For": "203.0.113.7"}, "127.0.0.1"),
        ("http://127.0.0.1:8000", {"Forwarded": "for=203.0.113.7"}, "127.0.0.1"),
        ("http://127.0.0.1:8000", {}, "203.0.113.7"),
        ("http://conferences.school.example", {}, "127.0.0.1"),
    ],
)
def test_strangers_are_not_told_why(
    start: Callable[..., Flask], tmp_path: Path, base_url: str, headers: dict[str, str], address: str
) -> None:
    """ASVS 13.4.5"""
    app = start(f"sqlite:///{tmp_path / 'empty.db'}", base_url="http://conferences.school.example")

    answer = app.test_client().get("/readyz", base_url=base_url, headers=headers, environ_base={"REMOTE_ADDR": address})

    assert (answer.status_code, answer.text) == (503, "not ready\n")


def test_who_asks_often_gets_the_same_answer_for_a_second(
    start: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.views.health.STAYS", 60.0)  # a busy machine takes its second for the upgrade alone
    url = f"sqlite:///{tmp_path / 'confab.db'}"
    app = start(url)
    first = app.test_client().get("/readyz")
    upgrade(url)

    again = app.test_client().get("/readyz")

    assert (first.status_code, again.status_code) == (503, 503)
    assert ask(app).status == 200
