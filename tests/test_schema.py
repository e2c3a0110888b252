"""An upgraded database is the one that the models describe, guard by guard, on SQLite and PostgreSQL."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from conftest import BOTH
from evening import Evening
from factories import make_appointment, make_school
from installation import newborn
from sqlalchemy import inspect, text
from sqlalchemy.engine import Inspector

from webapp import schema
from webapp.db import Database
from webapp.models import metadata

REPOSITORY = Path(__file__).parents[1]
UPGRADE = """
import sys
from alembic import command
from webapp import schema
from webapp.db import Database
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
schema.upgrade(database)
"""


KILLED_UPGRADE = """
import os, signal, sys
from sqlalchemy import event
from webapp import schema
from webapp.db import Database
database, left = Database(sys.argv[1]), [int(sys.argv[2])]
def count(*_):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(database.engine, "before_cursor_execute", count)
schema.upgrade(database)
"""


@pytest.fixture(params=BOTH)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.dispose()
        return
    with request.getfixturevalue("_postgres_server").fresh_database() as url:
        database = Database(url)
        _drop_tables(database)
        yield database
        database.dispose()


@pytest.fixture(params=BOTH)
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with newborn(request, tmp_path / "upgraded.db", request.param) as url:
        database = Database(url)
        yield database
        database.dispose()


def _drop_tables(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def address(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def fingerprint(database: Database) -> dict[str, Any]:
    """Every table with all that it promises, by name."""
    inspector = inspect(database.engine)
    tables = [name for name in inspector.get_table_names() if name != "alembic_version"]
    return {name: _promises(inspector, name) for name in tables}


def _promises(inspector: Inspector, table: str) -> dict[str, list[Any]]:
    found = {
        "columns": [{**column, "type": str(column["type"])} for column in inspector.get_columns(table)],
        "key": [inspector.get_pk_constraint(table)],
        "ties": inspector.get_foreign_keys(table),
        "unique": inspector.get_unique_constraints(table),
        "checks": inspector.get_check_constraints(table),
        "indexes": [_with_condition(index) for index in inspector.get_indexes(table)],
    }
    return {what: sorted(map(_plain, promises)) for what, promises in found.items()}


def _with_condition(index: Any) -> Any:
    return {**index, "dialect_options": {name: str(value) for name, value in index["dialect_options"].items()}}


def _plain(promise: Any) -> str:
    return str(sorted(promise.items()))


def test_a_fresh_install_is_what_the_models_describe(empty: Database) -> None:
    schema.upgrade(empty)

    assert schema.is_current(empty)
    assert schema.drift(empty) == []


def test_an_upgraded_database_makes_every_promise_of_a_created_one(empty: Database) -> None:
    schema.upgrade(empty)
    upgraded = fingerprint(empty)
    metadata.drop_all(empty.engine)

    metadata.create_all(empty.engine)

    assert set(upgraded) == set(metadata.tables)
    assert upgraded == fingerprint(empty)


@pytest.mark.parametrize(
    ("table", "what", "words"),
    [
        ("appointment", "indexes", ("uq_", "'slot_id', 'seat'", "cancelled_at IS NULL")),
        ("meeting", "indexes", ("uq_meeting_current", "replaced_at IS NULL")),
        ("slot", "indexes", ("uq_slot_resource_start", "removed_at IS NULL")),
        ("host", "checks", ("ck_host_known_state", "no_email")),
        ("resource", "ties", ("CASCADE", "'event'")),
    ],
)
def test_the_fingerprint_sees_the_guards_that_matter(
    upgraded: Database, table: str, what: str, words: tuple[str, ...]
) -> None:
    """Else a migration that drops one would go unnoticed."""
    promises = fingerprint(upgraded)[table][what]

    assert any(all(word in promise for word in words) for promise in promises), promises


def test_what_somebody_took_away_is_named_and_what_they_added_is_theirs(upgraded: Database) -> None:
    """D16: every functional test would pass without it."""
    changes = [
        "DROP INDEX uq_appointment_seat",
        "ALTER TABLE pace DROP COLUMN used",
        "CREATE INDEX own ON slot (kind)",
        "CREATE TABLE mine (id INTEGER)",
        f"DROP TRIGGER audit_kept_when_deleted{'' if upgraded.is_sqlite else ' ON audit'}",
    ]
    missing = {"uq_appointment_seat of appointment", "used of pace", "audit_kept_when_deleted of audit"}
    if not upgraded.is_sqlite:  # which drops no constraint
        changes.append("ALTER TABLE occupancy DROP CONSTRAINT ck_occupancy_one_holder")
        missing.add("ck_occupancy_one_holder of occupancy")

    with upgraded.engine.begin() as connection:
        for change in changes:
            connection.execute(text(change))

    assert set(schema.lacking(upgraded)) == missing


def test_an_upgrade_may_be_repeated_and_keeps_the_rows(empty: Database) -> None:
    before = schema.is_current(empty)
    schema.upgrade(empty)
    with empty.transaction() as session:
        make_school(session, slug="linden")

    schema.upgrade(empty)

    assert (before, schema.is_current(empty)) == (False, True)
    with empty.reading() as session:
        assert session.execute(text("SELECT slug FROM school")).scalars().all() == ["linden"]


def test_two_parents_who_each_had_the_first_appointment_of_a_child_keep_both(empty: Database, now: datetime) -> None:
    """Since 0004 what a class allows is counted per student."""
    schema.upgrade(empty)
    with empty.transaction() as session:
        evening = Evening(session, now)
        bob, _ = evening.family("Bob", "Ben")
        who = {"student_id": evening.mia.id, "child_key": f"s{evening.mia.id}"}
        makers = enumerate((evening.alice, bob), start=1)
        booked = [make_appointment(session, evening.slot(), maker, nth=n, **who).id for n, maker in makers]
    with empty.transaction() as session:
        command.downgrade(schema._config(session.connection()), "0002")
        session.execute(text("UPDATE appointment SET nth = 1"))

    schema.upgrade(empty)

    with empty.reading() as session:
        rows = session.execute(text("SELECT id, nth FROM appointment WHERE cancelled_at IS NULL ORDER BY id"))
        assert [tuple(row) for row in rows] == list(zip(booked, (1, 2), strict=True))


def test_the_gaps_of_former_versions_become_their_events_own(empty: Database, now: datetime) -> None:
    """Since 0041 an event's gap keeps no other event's appointments away."""
    schema.upgrade(empty)
    lanes = text("SELECT DISTINCT lane FROM occupancy WHERE kind = 'gap'")
    with empty.transaction() as session:
        evening = Evening(session, now)
        evening.settings.allows_back_to_back, evening.settings.gap_minutes = False, 5
        session.flush()
        evening.book(evening.slot())
        event_id = evening.event.id
    with empty.transaction() as session:
        command.downgrade(schema._config(session.connection()), "0040")
        former = session.execute(lanes).scalars().all()

    schema.upgrade(empty)

    with empty.reading() as session:
        assert (former, session.execute(lanes).scalars().all()) == ([0], [event_id])


def test_a_database_of_another_version_is_not_current(upgraded: Database) -> None:
    with upgraded.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of the future'"))

    assert not schema.is_current(upgraded)


def test_processes_that_upgrade_at_once_are_one_after_the_other(empty: Database) -> None:
    processes = [_waiting(address(empty)) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    assert [(process.communicate(timeout=30)[1], process.returncode) for process in processes] == [("", 0)] * 3
    assert schema.is_current(empty)
    assert schema.drift(empty) == []


def test_an_upgrade_that_is_killed_half_way_is_done_again_and_keeps_the_rows(empty: Database, now: datetime) -> None:
    """OPS-012: from a version of weeks ago, by a process that is killed at some statement of many."""
    schema.upgrade(empty)
    with empty.transaction() as session:
        evening = Evening(session, now)
        booked = make_appointment(session, evening.slot(), evening.alice).id
    with empty.transaction() as session:
        command.downgrade(schema._config(session.connection()), "0020")

    killed = [_killed(address(empty), statement) for statement in (20, 100)]
    is_current = schema.is_current(empty)
    schema.upgrade(empty)

    assert (killed, is_current) == ([-signal.SIGKILL] * 2, False)
    assert (schema.is_current(empty), schema.drift(empty)) == (True, [])
    with empty.reading() as session:
        assert session.execute(text("SELECT id FROM appointment")).scalars().all() == [booked]


def test_a_row_that_points_nowhere_stops_the_upgrade_and_ties_are_checked_again_after_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'broken.db'}")
    schema.upgrade(database)
    with closing(sqlite3.connect(tmp_path / "broken.db")) as unchecked, unchecked:
        unchecked.execute("INSERT INTO classteacher VALUES (77, 88, 99, 0)")

    with pytest.raises(RuntimeError, match="without what they point to"):
        schema.upgrade(database)

    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.dispose()


def _waiting(url: str) -> subprocess.Popen[str]:
    """A process that has loaded everything and upgrades as soon as it is told to."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", UPGRADE, url], env=environment, text=True, **pipes)


def _killed(url: str, statement: int) -> int:
    """What an upgrade ended with that is killed before that statement of its own."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", KILLED_UPGRADE, url, str(statement)]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode
