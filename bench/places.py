"""Lend a measurement a database that pays for durability, as a real one does."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import postgres
from sqlalchemy import make_url, text

from webapp.db import Database
from webapp.schema import upgrade

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_LEFT_BY_BOOKING = ("occupancy", "meeting", "message", "requestkey", "appointment")


@dataclass(frozen=True)
class Place:
    """An empty database; `pid` is its server's first process, where it is one of ours."""

    url: str
    pid: int | None = None


@contextmanager
def place(kind: str) -> Iterator[Place]:
    if kind == SQLITE:
        with tempfile.TemporaryDirectory() as folder:
            yield Place(f"sqlite:///{folder}/bench.db")
        return
    # The tests' server need not survive a power cut; this one must, and waits for the disk.
    postgres._OPTIONS = postgres._OPTIONS.replace("-F -c full_page_writes=off", "")
    with postgres.server() as server:
        name = f"confab_bench_{secrets.token_hex(4)}"
        server.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield Place(server.url_of(name), _pid(server))
        finally:
            server.run(f"DROP DATABASE {name} WITH (FORCE)")


def settle(database: Database) -> None:
    """What a PostgreSQL of some minutes' age has done by itself: it knows the sizes of its tables, but for those that
    nobody has written to, which it does not look at."""
    if database.is_sqlite:
        return
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        written = connection.execute(text("SELECT relname FROM pg_stat_user_tables WHERE n_live_tup > 0")).scalars()
        connection.execute(text(f"VACUUM ANALYZE {', '.join(sorted(written))}"))


def forget_bookings(database: Database) -> None:
    with database.engine.execution_options(write=True).begin() as connection:
        for table in _LEFT_BY_BOOKING:
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names of our own tables
    settle(database)


def _pid(server: postgres.Server) -> int | None:
    home = make_url(server.url).query.get("host")
    file = Path(str(home)) / "data" / "postmaster.pid"
    return int(file.read_text().split()[0]) if home and file.exists() else None


@contextmanager
def migrated(url: str) -> Iterator[Database]:
    """The place's database as our migrations make it."""
    database = Database(url)
    upgrade(database)
    try:
        yield database
    finally:
        database.dispose()
