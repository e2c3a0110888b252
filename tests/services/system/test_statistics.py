"""PostgreSQL plans by the sizes that tables have now, not by those of the last minute."""

import pytest
from sqlalchemy import text

from webapp import clock
from webapp.db import Database
from webapp.models import RequestKey
from webapp.models.base import names_of, table_of
from webapp.services.system.statistics import look_at_what_has_grown

SIZE = text("SELECT reltuples::int FROM pg_class WHERE oid = 'requestkey'::regclass")
on_postgresql = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def fill(database: Database, names: range) -> None:
    blank = {"action": "book", "fingerprint": "", "login_id": None, "result": "{}", "created_at": clock.now()}
    with database.transaction() as session:
        session.execute(
            table_of(RequestKey).insert(),
            [dict.fromkeys(names_of(RequestKey)) | blank | {"key": f"{n:04}"} for n in names],
        )
    with database.transaction() as session:
        session.execute(text("SELECT pg_stat_force_next_flush()"))


def look(database: Database) -> list[str]:
    with database.transaction() as session:
        return look_at_what_has_grown(session)


@on_postgresql
def test_a_table_that_has_grown_is_looked_at_once(database: Database) -> None:
    """As in the first minute of a first event, in which all families come at once."""
    fill(database, range(300))

    assert "requestkey" in look(database)
    with database.reading() as session:
        assert session.execute(SIZE).scalar_one() == 300
    assert "requestkey" not in look(database)


@on_postgresql
def test_what_has_hardly_grown_is_left_to_postgresql(database: Database) -> None:
    fill(database, range(1000))
    look(database)
    fill(database, range(1000, 1150))

    assert "requestkey" not in look(database)


@on_postgresql
def test_one_process_looks_at_a_time(database: Database) -> None:
    fill(database, range(300))

    with database.transaction() as first:
        assert "requestkey" in look_at_what_has_grown(first)
        assert look(database) == []
