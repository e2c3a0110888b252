"""A backup is whole, private and tried out before it gets its name, whoever writes to the database meanwhile."""

import secrets
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from installation import Installation, sqlite_rows
from sqlalchemy import make_url, text

from webapp.operations import postgres_backup, sqlite_backup
from webapp.operations.environment import Refused
from webapp.operations.verdict import count_rows

REPOSITORY = Path(__file__).parents[2]
WRITER = """
import sys
from sqlalchemy import text
from webapp.db import Database
database = Database(sys.argv[1])
adding = text("INSERT INTO rate (key, \\"window\\", n, expires) VALUES (:key, :number, 1, 0)")
number = 0
while True:
    number += 1
    with database.transaction() as session:
        session.execute(adding, {"key": sys.argv[2], "number": number})
    print(number, flush=True)
"""


def files(folder: Path) -> dict[str, str]:
    """Name and mode of what was written there."""
    return {one.name: stat.filemode(one.stat().st_mode) for one in folder.iterdir()}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    shelf = tmp_path / "backups"
    shelf.mkdir()
    return shelf


def test_a_backup_is_verified_private_and_leaves_nothing_else(
    installation: Installation, shelf: Path, now: datetime
) -> None:
    """D14"""
    installation.arrange(now)

    answer = installation.run("backup", "--to", shelf)

    name = f"confab-20261123T150000Z.{'db' if installation.is_sqlite else 'dump'}"
    assert answer.exit_code == 0, answer.stderr
    assert files(shelf) == dict.fromkeys((name, f"{name}.sha256"), "-rw-------")
    assert answer.stdout.endswith(f"Verified: {shelf / name} was restored for trial and is whole.\n")
    with installation.database() as database:
        shown = {line.split()[1]: int(line.split()[0]) for line in answer.stdout.splitlines()[:-1]}
        assert shown == count_rows(database)


def test_the_database_file_copied_by_hand_holds_nothing_of_the_last_hours_and_the_docs_say_so(
    on_sqlite: Installation, shelf: Path, now: datetime
) -> None:
    """OPS-008: what is in the file beside it, which nobody copies, is in the backup."""
    copy = shelf / "copied.db"
    with on_sqlite.database() as database, database.reading() as looking:
        looking.execute(text("SELECT 1 FROM appointment"))  # as long as somebody reads, nothing is moved into the file
        on_sqlite.arrange(now)
        copy.write_bytes(Path(make_url(on_sqlite.url).database or "").read_bytes())
        answer = on_sqlite.run("backup", "--to", shelf)

    [backup] = shelf.glob("confab-*.db")
    docs = " ".join((REPOSITORY / "docs/deploying.md").read_text().split())
    assert answer.exit_code == 0
    assert [sqlite_rows(one, "SELECT count(*) FROM appointment") for one in (copy, backup)] == [[(0,)], [(1,)]]
    assert "Copying the database file by hand is no backup" in docs


def test_the_checksum_can_be_read_by_the_usual_tool(on_sqlite: Installation, shelf: Path) -> None:
    on_sqlite.run("backup", "--to", shelf / "monday.db")

    checked = subprocess.run(["sha256sum", "-c", "monday.db.sha256"], cwd=shelf, capture_output=True, text=True)

    assert checked.stdout == "monday.db: OK\n"


def test_without_a_name_it_lies_where_the_command_is_given(
    on_sqlite: Installation, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shelf)

    on_sqlite.run("backup")

    assert "confab-20261123T150000Z.db" in files(shelf)


def test_a_name_that_is_taken_or_a_folder_that_is_missing_is_refused(on_sqlite: Installation, shelf: Path) -> None:
    kept = shelf / "kept.db"
    kept.write_text("precious")

    taken, nowhere = on_sqlite.run("backup", "--to", kept), on_sqlite.run("backup", "--to", shelf / "no" / "a.db")

    assert (taken.exit_code, nowhere.exit_code) == (2, 2)
    assert "is there already" in taken.stderr
    assert "There is no folder" in nowhere.stderr
    assert files(shelf).keys() == {"kept.db"}
    assert kept.read_text() == "precious"


def test_a_folder_that_was_not_made_yet_is_not_taken_for_a_file(on_sqlite: Installation, shelf: Path) -> None:
    answer = on_sqlite.run("backup", "--to", shelf / "confab")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith(f"There is no folder {shelf / 'confab'}. Make it first;")
    assert files(shelf) == {}


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (PermissionError(13, "Permission denied", "/var/backups/confab"), "/var/backups/confab: Permission denied\n"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device\n"),
        (sqlite3.DatabaseError("disk image is malformed"), "The database cannot be used: disk image is malformed\n"),
    ],
)
def test_what_the_disk_refuses_is_told_without_a_traceback(
    on_sqlite: Installation, shelf: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception, told: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(sqlite_backup, "copy", refuse)

    answer = on_sqlite.run("backup", "--to", shelf)

    assert (answer.exit_code, answer.stdout, answer.stderr) == (2, "", told)
    assert files(shelf) == {}


def test_it_ends_under_four_writers_and_holds_every_row_that_was_acknowledged(
    on_sqlite: Installation, shelf: Path
) -> None:
    """D14, B11, OPS-009"""
    with on_sqlite.rows() as session:
        filling = "INSERT INTO audit (at, action, subject, detail) VALUES ('2026-11-23 15:00:00', 'x', '', :detail)"
        session.execute(text(filling), [{"detail": "x" * 1000}] * 5000)

    with writing(on_sqlite.url, 4) as writers:
        before = [writer.at_least(50) for writer in writers]
        answer = on_sqlite.run("backup", "--to", shelf / "busy.db")
        after = [writer.at_least(seen + 1) for writer, seen in zip(writers, before, strict=True)]

    assert answer.exit_code == 0, answer.stderr
    for name, seen, later in zip("0123", before, after, strict=True):
        kept = [n for (n,) in sqlite_rows(shelf / "busy.db", f'SELECT "window" FROM rate WHERE key = {name!r}')]
        assert sorted(kept) == list(range(1, len(kept) + 1))
        assert seen <= len(kept) <= later + 1


class Writer:
    """A process that commits one row after the other, and tells each once it is committed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process, self._seen, self._news = process, 0, threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def at_least(self, number: int) -> int:
        """Waits until so many are acknowledged; returns how many are."""
        with self._news:
            assert self._news.wait_for(lambda: self._seen >= number, timeout=60)
            return self._seen

    def end(self) -> None:
        self._process.kill()
        self._listener.join(10)
        self._process.communicate()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._news:
                self._seen = int(line)
                self._news.notify_all()


@contextmanager
def writing(url: str, number: int) -> Iterator[list[Writer]]:
    with ExitStack() as opened:
        writers = []
        for name in range(number):
            command = [sys.executable, "-c", WRITER, url, str(name)]
            writers.append(Writer(subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)))
            opened.callback(writers[-1].end)
        yield writers


def test_a_copy_that_differs_is_not_called_a_backup(
    on_sqlite: Installation, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = sqlite_backup._snapshot
    monkeypatch.setattr(sqlite_backup, "_snapshot", lambda *given: counted(*given) | {"appointment": 7})

    answer = on_sqlite.run("backup", "--to", shelf / "monday.db")

    assert answer.exit_code == 1
    assert "appointment: 7 rows, restored 0" in answer.stderr
    assert "The backup is not verified." in answer.stderr
    assert files(shelf).keys() == {"monday.db.unverified", "monday.db.unverified.sha256"}


def test_a_true_copy_of_broken_rows_is_kept_and_says_so(installation: Installation, shelf: Path, now: datetime) -> None:
    installation.arrange(now)
    installation.break_something()

    answer = installation.run("backup", "--to", shelf / "monday.db")

    assert answer.exit_code == 1
    assert "Broken: an appointment whose student's minutes are not held: " in answer.stderr
    assert "Verified" not in answer.stdout
    assert files(shelf).keys() == {"monday.db", "monday.db.sha256"}


@pytest.fixture
def plain_role(on_postgres: Installation) -> Iterator[str]:
    """May read everything and create nothing."""
    name = f"confab_plain_{secrets.token_hex(4)}"
    with on_postgres.rows() as session:
        session.execute(text(f"CREATE ROLE {name} LOGIN NOCREATEDB IN ROLE pg_read_all_data"))
    yield name
    with on_postgres.rows() as session:
        session.execute(text(f"DROP ROLE {name}"))


def test_a_role_that_may_not_try_it_out_is_told_what_it_needs(
    on_postgres: Installation, plain_role: str, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_url(on_postgres.url).set(username=plain_role, password="canary-password")
    programs = recorded(shelf.parent, monkeypatch)

    answer = on_postgres.run(
        "backup", "--to", shelf / "monday.db", CONFAB_DATABASE_URL=plain.render_as_string(hide_password=False)
    )

    assert answer.exit_code == 2
    assert "ALTER ROLE … CREATEDB" in answer.stderr
    assert files(shelf).keys() == {"monday.db.unverified", "monday.db.unverified.sha256"}
    assert "--format=custom" in programs.read_text()
    assert "canary-password" not in programs.read_text() + answer.stdout + answer.stderr


def recorded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The arguments of PostgreSQL's programs, which everybody on the machine can see, are kept in this file."""
    kept, find = folder / "arguments", postgres_backup._binary

    def recording(program: str, server: int) -> str:
        script = folder / program
        script.write_text(f'#!/bin/sh\necho "$@" >> {kept}\nexec {find(program, server)} "$@"\n')
        script.chmod(0o755)
        return str(script)

    monkeypatch.setattr(postgres_backup, "_binary", recording)
    return kept


def test_a_missing_program_is_told_with_its_package(
    on_postgres: Installation, shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres_backup, "_INSTALLED", tmp_path / "nowhere")

    answer = on_postgres.run("backup", "--to", shelf / "monday.db", PATH=str(tmp_path))

    assert (answer.exit_code, files(shelf)) == (2, {})
    assert answer.stderr == "pg_dump is not installed. On Debian and Ubuntu: apt install postgresql-client\n"


@pytest.mark.parametrize(
    ("installed", "server", "taken"),
    [("13 15 16 18", 15, 15), ("13 16 18", 15, 16), ("15 17 18", 17, 17), ("15 16", 17, 16), ("17 18", 16, None)],
)
def test_the_programs_are_those_of_the_servers_version_or_the_nearest_that_can_serve_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: str, server: int, taken: int | None
) -> None:
    for version in installed.split():
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "pg_dump").touch()
    monkeypatch.setattr(postgres_backup, "_INSTALLED", tmp_path)

    if taken is None:
        with pytest.raises(Refused, match="apt install postgresql-client-16"):
            postgres_backup._binary("pg_dump", server)
    else:
        assert postgres_backup._binary("pg_dump", server) == str(tmp_path / f"{taken}" / "bin" / "pg_dump")
