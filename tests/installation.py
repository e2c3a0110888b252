"""Lend tests an installation that commands find in the environment: keys, and a database of this version's schema."""

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from evening import Evening
from sqlalchemy import text
from sqlmodel import Session

from webapp import schema
from webapp.cli import confab
from webapp.db import Database
from webapp.services.system.vault import Vault


@dataclass
class Installation:
    """What an operator has: settings in the environment, and the commands."""

    url: str
    folder: Path
    environment: dict[str, str]

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def run(self, *arguments: Any, **more: str) -> Result:
        words = [str(one) for one in arguments]
        return CliRunner().invoke(confab, words, env=self.environment | more, catch_exceptions=False)

    @contextmanager
    def database(self, url: str | None = None) -> Iterator[Database]:
        keys = self.environment["CONFAB_TOKEN_KEYS"].split(",")
        database = Database(url or self.url, vault=Vault(keys))
        try:
            yield database
        finally:
            database.dispose()

    @contextmanager
    def rows(self, url: str | None = None) -> Iterator[Session]:
        with self.database(url) as database, database.transaction() as session:
            yield session

    def arrange(self, now: datetime) -> Evening:
        """A virtual appointment booked whose meeting and Confirmation are still to be made."""
        with self.rows() as session:
            evening = Evening(session, now, "zoom")
            evening.book(evening.slot())
            return evening

    def break_something(self) -> None:
        with self.rows() as session:
            session.execute(text("DELETE FROM occupancy WHERE kind = 'student'"))


def bare(url: str) -> None:
    """PostgreSQL databases of the tests come with the schema of this version."""
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.dispose()


def sqlite_rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Read without ours: by the driver alone."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def lent(request: pytest.FixtureRequest, folder: Path, kind: str) -> Iterator[Installation]:
    environment = {
        "CONFAB_SECRET_KEY": secrets.token_hex(32),
        "CONFAB_TOKEN_KEYS": secrets.token_hex(32),
        "CONFAB_BASE_URL": "https://conferences.school.example",
    }
    with newborn(request, folder / "confab.db", kind) as url:
        yield Installation(url, folder, environment | {"CONFAB_DATABASE_URL": url})


@contextmanager
def newborn(request: pytest.FixtureRequest, file: Path, kind: str) -> Iterator[str]:
    """The address of an empty database of this version's schema, in the file or of the server of the tests."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("_sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    with request.getfixturevalue("_postgres_server").fresh_database() as url:
        yield url


def upgrade(url: str) -> None:
    database = Database(url)
    schema.upgrade(database)
    database.dispose()
