"""Dump a PostgreSQL database as it is at one moment with its own tools, and restore such a dump."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from webapp.db import Database
from webapp.operations.environment import Refused
from webapp.operations.sealed import make_private
from webapp.operations.verdict import Counts, counting

_INSTALLED = Path("/usr/lib/postgresql")
_SETS_MORE = 17
_PLAIN = ("--no-owner", "--no-privileges")


def copy(database: Database, into: Path, *, now: datetime) -> Counts:  # noqa: ARG001 - as for SQLite
    """Returns the rows of each table in the very state that is dumped."""
    make_private(into)
    tables = inspect(database.engine).get_table_names()
    with database.reading() as session:
        snapshot = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        counts = {table: session.execute(text(counting(table))).scalar_one() for table in tables}
        _run(database, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={into}", *_PLAIN)
    return counts


@contextmanager
def tried_out(database: Database, backup: Path) -> Iterator[Database]:
    """The backup restored into a database of its own on the same server, which is dropped when the block ends."""
    name = f"confab_verify_{secrets.token_hex(6)}"
    try:
        _administer(database, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    except DBAPIError as error:
        words = "This role may not create a database to try the backup out in. Let it: ALTER ROLE … CREATEDB."
        raise Refused(words) from error
    restored = Database(database.engine.url.set(database=name).render_as_string(hide_password=False))
    try:
        _fill(restored, backup)
        yield restored
    finally:
        restored.dispose()
        _administer(database, f"DROP DATABASE {name} WITH (FORCE)")


def refuse_occupied(url: str) -> None:
    database = Database(url)
    try:
        tables = inspect(database.engine).get_table_names()
    finally:
        database.dispose()
    if tables:
        raise Refused("That database has tables already. A backup is restored into a new, empty one only.")


@contextmanager
def new_database(backup: Path, url: str) -> Iterator[Database]:
    """All of it or nothing: where the block does not end well, the database is as empty as it was."""
    restored = Database(url)
    try:
        _fill(restored, backup)
        yield restored
    except BaseException:
        _empty(restored)
        raise
    finally:
        restored.dispose()


def _fill(restored: Database, backup: Path) -> None:
    _run(restored, "pg_restore", "--exit-on-error", "--single-transaction", *_PLAIN, str(backup))


def _empty(restored: Database) -> None:
    for table in inspect(restored.engine).get_table_names():
        _administer(restored, f'DROP TABLE IF EXISTS "{table}" CASCADE')
    _administer(restored, "DROP FUNCTION IF EXISTS refuse_change_of_audit()")


def _run(database: Database, program: str, *arguments: str) -> None:
    where, password = _where(database)
    environment = {**os.environ, **password, "LC_ALL": "C"}
    command = [_binary(program, _major(database)), f"--dbname={where}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise Refused(f"{program} failed: {done.stderr.strip()[-500:]}")


def _where(database: Database) -> tuple[str, dict[str, str]]:
    """As libpq says it; the password apart, for whoever lists processes sees their arguments."""
    _, given = database.engine.dialect.create_connect_args(database.engine.url)
    password = given.pop("password", None)
    where = make_conninfo("", **{name: str(value) for name, value in given.items() if isinstance(value, str | int)})
    return where, {"PGPASSWORD": str(password)} if password else {}


def _administer(database: Database, statement: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def _major(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def _binary(program: str, server: int) -> str:
    """Of the server's own version, else of the nearest newer one: an older one refuses a newer server. Raises Refused
    where what is dumped could not be restored: from 17 on pg_restore sets what an older server does not know."""
    installed = {int(float(path.parts[-3])): path for path in _INSTALLED.glob(f"*/bin/{program}")}
    nearest = min((version for version in installed if version >= server), default=max(installed, default=None))
    if nearest is not None and server < _SETS_MORE <= nearest:
        raise Refused(
            f"{program} {nearest} cannot serve PostgreSQL {server}."
            f" On Debian and Ubuntu: apt install postgresql-client-{server}"
        )
    found = shutil.which(program) if nearest is None else installed[nearest]
    if found is None:
        raise Refused(f"{program} is not installed. On Debian and Ubuntu: apt install postgresql-client")
    return str(found)
