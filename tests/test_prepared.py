"""A statement run without SQLAlchemy's ceremony asks, answers and fails as one that is run by it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from factories import make_school
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    bindparam,
    column,
    create_engine,
    delete,
    event,
    insert,
    literal_column,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, NotSupportedError
from sqlmodel import Session, col

from webapp import db_driver
from webapp.db import Database
from webapp.models import RequestKey, School
from webapp.models.base import defaults_of, names_of, table_of
from webapp.prepared import Prepared

KEY = table_of(RequestKey).c
KNOWN = select(*table_of(RequestKey).c).order_by(KEY.key)
AMONG = KNOWN.where(KEY.key.in_(bindparam("keys")), KEY.created_at <= bindparam("until"))
KEEP = Prepared(insert(table_of(RequestKey)), names_of(RequestKey))
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
AT_ALL = datetime(9000, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-5))])
instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=ZONES)

both_databases = pytest.mark.both_databases
on_postgresql = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def row(key: str, at: datetime = NOON, **values: Any) -> dict[str, Any]:
    blank = {"action": "book", "fingerprint": "", "login_id": None, "result": "{}", "created_at": at}
    return defaults_of(RequestKey) | blank | {"key": key} | values


@contextmanager
def watched(session: Session) -> Iterator[list[str]]:
    engine, seen = session.connection().engine, list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def by_sqlalchemy(session: Session, statement: Any, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(found) for found in session.connection().execute(statement, values)]


@both_databases
@given(st.dictionaries(st.text("abcß 😀'%:", min_size=1, max_size=8), instants, max_size=6), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_stored_and_asked_the_answer_is_the_same(
    session: Session, stored: dict[str, datetime], data: st.DataObject
) -> None:
    session.execute(delete(RequestKey))
    for key, at in stored.items():
        assert KEEP.change(session, row(key, at, login_id=None, result='{"é": "100 %"}')) == 1
    keys = data.draw(st.lists(st.sampled_from([*stored, "nobody"]), max_size=4))
    asked = {"keys": keys, "until": data.draw(st.sampled_from([NOON, AT_ALL]))}

    found = Prepared(AMONG).all(session, asked)

    assert [tuple(each) for each in found] == by_sqlalchemy(session, AMONG, asked)
    assert all(each.created_at == stored[each.key] and each.created_at.tzinfo is UTC for each in found)


@both_databases
def test_the_first_is_a_named_row_or_nothing(session: Session) -> None:
    query = Prepared(AMONG)
    KEEP.change_each(session, [row("b"), row("a")])

    assert query.first(session, {"keys": ["b", "a"], "until": AT_ALL}).key == "a"
    assert query.first(session, {"keys": ["c"], "until": AT_ALL}) is None


@both_databases
def test_it_is_told_how_many_rows_were_changed(session: Session) -> None:
    rename = Prepared(update(table_of(RequestKey)).where(KEY.key == bindparam("of")).values(action=bindparam("new")))

    assert KEEP.change_each(session, [row("a"), row("b"), row("c")]) == 3
    assert rename.change(session, {"of": "a", "new": "move"}) == 1
    assert rename.change(session, {"of": "nobody", "new": "move"}) == 0
    assert [found.action for found in Prepared(KNOWN).all(session, {})] == ["move", "book", "book"]


@both_databases
def test_who_listens_hears_every_statement(session: Session) -> None:
    """Tests that count statements count these too."""
    query, asked = Prepared(AMONG), {"keys": ["a", "b"], "until": AT_ALL}

    with watched(session) as seen:
        KEEP.change_each(session, [row("a"), row("b")])
        heard = [*query.all(session, asked), query.first(session, asked)]
        changed = KEEP.change(session, row("c"))

    assert [statement.split()[0] for statement in seen] == ["INSERT", "SELECT", "SELECT", "INSERT"]
    assert changed == 1
    assert heard[:2] == query.all(session, asked)


@both_databases
@pytest.mark.parametrize("how", ["change", "change_each", "first"])
def test_a_refusal_is_that_of_sqlalchemy_and_quotes_no_value(database: Database, how: str) -> None:
    keep = Prepared(insert(table_of(RequestKey)).returning(KEY.key), names_of(RequestKey)) if how == "first" else KEEP
    again: Any = [row("secret")] if how == "change_each" else row("secret")
    with database.transaction() as session:
        KEEP.change(session, row("secret"))

    with pytest.raises(IntegrityError) as refused, database.transaction() as session:
        getattr(keep, how)(session, again)

    assert "requestkey" in str(refused.value.orig)
    assert "[SQL: INSERT INTO requestkey" in str(refused.value)
    assert "secret" not in str(refused.value).partition("[SQL")[2]


@on_postgresql
def test_a_connection_that_is_lost_is_told_as_lost_and_not_used_again(database: Database) -> None:
    other = create_engine(database.engine.url)
    with database.reading() as session:
        doomed = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with other.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": doomed})
        with pytest.raises(DBAPIError) as lost:
            Prepared(KNOWN).all(session, {})
    other.dispose()

    assert lost.value.connection_invalidated
    with database.reading() as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != doomed


@both_databases
def test_an_instant_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="timezone"):
        KEEP.change(session, row("a", datetime(2026, 11, 1, 12)))


@both_databases
def test_instants_compare_in_the_database_as_they_do_here(session: Session) -> None:
    """SQLite keeps them as text, which has to sort."""
    moments = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(seconds=1), NOON + timedelta(days=40)]
    for n, at in enumerate(moments):
        session.add(RequestKey(**row(str(n), at)))
    session.flush()

    for n, at in enumerate(moments):
        found = session.execute(select(col(RequestKey.key)).where(col(RequestKey.created_at) <= at)).scalars().all()
        assert len(found) == n + 1


@both_databases
def test_of_columns_with_the_same_name_the_first_has_it(session: Session) -> None:
    school = make_school(session)
    session.flush()

    found = Prepared(select(table_of(School).c.id, table_of(School).c.id, table_of(School).c.name)).first(session, {})

    assert (found.id, found[1], found.name) == (school.id, school.id, school.name)


@both_databases
def test_what_is_undone_to_a_savepoint_is_undone_though_the_session_asked_before(database: Database) -> None:
    with database.transaction() as session:
        KEEP.change(session, row("kept"))
        savepoint = session.begin_nested()
        KEEP.change(session, row("undone"))
        savepoint.rollback()
        KEEP.change(session, row("kept too"))
    with database.reading() as session:
        known = Prepared(KNOWN)
        assert [[found.key for found in known.all(session, {})] for _ in range(2)] == [["kept", "kept too"]] * 2


def of_ours(session: Session) -> list[str]:
    """The statements that we prepared, as the server has them."""
    known = text("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'confab%'")
    return list(session.execute(known).scalars())


@on_postgresql
@pytest.mark.parametrize("how", ["savepoint", "DEALLOCATE ALL"])
def test_what_the_driver_lets_the_server_forget_is_prepared_anew(database: Database, how: str) -> None:
    """It does so where it sees a ROLLBACK, even to a savepoint, and has prepared anything itself."""
    known = Prepared(KNOWN)
    with database.transaction() as session:
        KEEP.change(session, row("kept"))
        for _ in range(7):
            session.execute(text("SELECT 1"))
        before = [found.key for found in known.all(session, {})]
        if how == "savepoint":
            savepoint = session.begin_nested()
            KEEP.change(session, row("undone"))
            savepoint.rollback()
        else:
            session.execute(text(how))
            assert not of_ours(session)

        assert [found.key for found in known.all(session, {})] == before == ["kept"]
        assert len(set(of_ours(session))) == len(of_ours(session))


@on_postgresql
def test_a_statement_is_prepared_once_on_a_connection(database: Database) -> None:
    known = Prepared(KNOWN)
    for _ in range(3):
        with database.reading() as session:
            known.all(session, {})
    with database.reading() as session:
        assert len([each for each in of_ours(session) if each.endswith("FROM requestkey ORDER BY requestkey.key")]) == 1


@on_postgresql
def test_a_statement_is_prepared_once_whatever_its_numbers_are(database: Database) -> None:
    by_id = Prepared(select(table_of(School).c.id).where(table_of(School).c.id.in_(bindparam("ids"))))
    with database.reading() as session:
        for ids in ([1, 2], [1, 40_000], [2_000_000_000, 40_000]):
            by_id.all(session, {"ids": ids})

        assert len([each for each in of_ours(session) if each.startswith("SELECT school.id")]) == 1
        with pytest.raises(DBAPIError, match="out of range"):
            by_id.all(session, {"ids": [1, 3_000_000_000]})


@on_postgresql
def test_only_so_many_statements_stay_prepared(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_driver, "_KEPT", 3)
    with Database(database.engine.url.render_as_string(hide_password=False)).reading() as session:
        for n in (1, 2, 3, 4, 5, 4, 1):
            assert Prepared(select(literal_column(str(n)))).first(session, {})[0] == n

        assert sorted(of_ours(session)) == ["SELECT 1", "SELECT 4", "SELECT 5"]


@on_postgresql
def test_what_a_migration_changed_is_prepared_anew(database: Database) -> None:
    """On another machine, while this one goes on: whoever asks in that moment is refused by the server, and nobody
    after that."""
    scratch = Prepared(select(column("n")).select_from(table("scratch")))
    other = create_engine(database.engine.url)
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE scratch AS SELECT 1 AS n"))
    with database.reading() as session:
        scratch.all(session, {})
    with other.begin() as connection:
        connection.execute(text("ALTER TABLE scratch ALTER n TYPE bigint"))

    with pytest.raises(NotSupportedError), database.reading() as session:
        scratch.all(session, {})
    with database.reading() as session:
        assert scratch.first(session, {}).n == 1

    with other.begin() as connection:
        connection.execute(text("DROP TABLE scratch"))
    other.dispose()
