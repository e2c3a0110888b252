"""Bring a database to the schema of this version, and tell whether it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import CheckConstraint, Connection, Table, inspect, text

from webapp.db import Database

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_266_322
"""Any number of our own: processes that upgrade PostgreSQL at once wait for each other."""
_TRIGGERS_OF_AUDIT = ("audit_kept_when_changed", "audit_kept_when_deleted")
_ACTIVE_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('audit') AND tgenabled <> 'D'",
}
PATIENCE = 300.0
"""Seconds that an upgrade of SQLite waits for another one: rebuilding large tables takes its time."""
REMEDY = (
    "Somebody changed the tables by hand, or a tool did. Stop the server, and restore the last backup of before or "
    "make it anew as webapp/models has it; then ./confab check."
)


def upgrade(database: Database) -> None:
    """Idempotent; two processes at once are one after the other."""
    with database.engine.execution_options(write=True, patience=PATIENCE).connect() as connection:
        if database.is_sqlite:
            with _without_cascades(connection), connection.begin():
                _run(connection)
                _refuse_broken_ties(connection)
        else:
            with connection.begin():
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                _run(connection)


def is_current(database: Database) -> bool:
    """Whether every migration of this version has been applied."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with database.engine.connect() as connection:
        applied = MigrationContext.configure(connection).get_current_heads()
        return set(applied) == set(ScriptDirectory.from_config(_config(connection)).get_heads())


def drift(database: Database) -> list[Any]:
    """How the database differs from the models; empty is right."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from webapp.models import metadata

    with database.engine.connect() as connection:
        differences: list[Any] = compare_metadata(MigrationContext.configure(connection), metadata)
        return [*differences, *_missing_checks(connection), *_missing_triggers(connection)]


def lacking(database: Database) -> list[str]:
    """What it lacks, or has otherwise than the models say; what somebody added to it is theirs."""
    each = (one for found in drift(database) for one in (found if isinstance(found, list) else [found]))
    return [_words(*one) for one in each if not one[0].startswith("remove_")]


def _missing_checks(connection: Connection) -> Iterator[tuple[str, CheckConstraint]]:
    """Alembic does not compare them."""
    from webapp.models import metadata

    inspector = inspect(connection)
    for name in metadata.tables.keys() & set(inspector.get_table_names()):
        found = {check["name"] for check in inspector.get_check_constraints(name)}
        checks = (one for one in metadata.tables[name].constraints if isinstance(one, CheckConstraint))
        yield from (("add_constraint", check) for check in checks if check.name not in found)


def _missing_triggers(connection: Connection) -> Iterator[tuple[str, None, str, str]]:
    """SQLite drops them without a word where a migration rebuilds their table (D16)."""
    found = connection.execute(text(_ACTIVE_TRIGGERS[connection.dialect.name])).scalars().all()
    yield from (("add_trigger", None, "audit", name) for name in _TRIGGERS_OF_AUDIT if name not in found)


def _words(_kind: str, what: Any, table: str = "", column: Any = None, *_: Any) -> str:
    """Of what Alembic names: a table, or a promise of one, or a schema, a table and a column."""
    if isinstance(what, Table):
        return f"the table {what.name}"
    if what is None:
        return f"{getattr(column, 'name', column)} of {table}"
    return f"{what.name} of {what.table.name}"


def _run(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_config(connection), "head")


@contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """A table rebuild must not cascade into the rows that point to it; they are checked afterwards."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _config(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_broken_ties(connection: Connection) -> None:
    broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
    if broken:
        raise RuntimeError(f"the migration would leave rows without what they point to: {broken[:5]}")
