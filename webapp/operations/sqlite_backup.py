"""Copy a SQLite database as it is at one moment, whoever writes to it meanwhile, and put such a copy in place."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from webapp.config import sqlite_url
from webapp.db import Database
from webapp.operations.environment import Refused
from webapp.operations.sealed import make_private
from webapp.operations.verdict import Counts, counting
from webapp.services.system.installation import mark_as_copy


def copy(database: Database, into: Path, *, now: datetime) -> Counts:
    """Returns the rows of each table at that moment. The copy is on hold, for whoever only moves it into place."""
    snapshot = into.with_name("snapshot.db")
    make_private(snapshot)
    counts = _snapshot(database, snapshot)
    _put_on_hold(snapshot, now=now)
    make_private(into)
    # Written anew, row by row: what was erased is not in it, and a page that cannot be read stops it.
    with closing(sqlite3.connect(snapshot, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", [str(into)])
    snapshot.unlink()
    return counts


@contextmanager
def tried_out(database: Database, backup: Path) -> Iterator[Database]:  # noqa: ARG001 - as for PostgreSQL
    """The backup restored beside it, for as long as the block lasts."""
    place = backup.with_name("restored.db")
    make_private(place)
    shutil.copyfile(backup, place)
    restored = Database(sqlite_url(place))
    try:
        yield restored
    finally:
        restored.dispose()


def refuse_occupied(url: str) -> None:
    path = _path(url)
    if not path.parent.is_dir():
        raise Refused(f"There is no folder {path.parent}.")
    if any(one.exists() and one.stat().st_size for one in (path, _beside(path, "-wal"))):
        raise Refused(f"{path} is there already. A backup is restored into a new file only.")


@contextmanager
def new_database(backup: Path, url: str) -> Iterator[Database]:
    """Built under another name; it takes its place when the block has ended well, so that nobody meets half of it."""
    path = _path(url)
    building = _beside(path, ".restoring")
    building.unlink(missing_ok=True)
    make_private(building)
    try:
        shutil.copyfile(backup, building)
        restored = Database(sqlite_url(building))
        try:
            yield restored
        finally:
            # The last to leave writes the log back into the file.
            restored.dispose()
        building.replace(path)
    finally:
        for rest in ("", "-wal", "-shm"):
            _beside(building, rest).unlink(missing_ok=True)


def _snapshot(database: Database, into: Path) -> Counts:
    """In one step and within one transaction: writers go on, and what is counted is what is copied."""
    pooled = database.engine.raw_connection()
    source: Any = pooled.driver_connection
    try:
        source.execute("BEGIN")
        names = source.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        counts = {name: source.execute(counting(name)).fetchone()[0] for (name,) in names.fetchall()}
        with closing(sqlite3.connect(into)) as target:
            source.backup(target)
    finally:
        source.rollback()
        pooled.close()
    return counts


def _put_on_hold(snapshot: Path, *, now: datetime) -> None:
    copied = Database(sqlite_url(snapshot))
    with copied.transaction() as session:
        mark_as_copy(session, because=f"This is a copy that was made on {now:%Y-%m-%d %H:%M} UTC.", now=now)
    copied.dispose()


def _path(url: str) -> Path:
    return Path(make_url(url).database or "").absolute()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
