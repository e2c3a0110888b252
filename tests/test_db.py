"""One kind of transaction for everybody: it waits its turn, writes all or nothing, and tells the jobs afterwards."""

import os
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from app import Browser, fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from factories import make_school
from fakes import FakeMailer, FakeMeetings
from postgres import end_all_connections
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session, select
from threads import at_once

from webapp import clock, db
from webapp.db import Database, wake
from webapp.errors import Busy, Invalid, LostRace, Unsure
from webapp.models import School
from webapp.services.system.vault import vault_of

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "busy_timeout": 0}
both_databases = pytest.mark.both_databases
on_postgresql = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "PATIENCE", 0.05)


def file_of(database: Database) -> str:
    return str(database.engine.url.database)


class Wall(datetime):
    """The clock of this machine."""

    off = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + cls.off


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    monkeypatch.setattr(clock, "datetime", Wall)
    monkeypatch.setattr(clock, "_behind", timedelta())
    monkeypatch.setattr(Wall, "off", timedelta())
    return Wall


@contextmanager
def another_process(database: Database, *, lock: bool = True) -> Iterator[sqlite3.Connection]:
    """A connection that knows nothing of our queue; with the lock, nobody else can write."""
    with closing(sqlite3.connect(file_of(database), isolation_level=None, timeout=0)) as connection:
        if lock:
            connection.execute("BEGIN IMMEDIATE")
        yield connection
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def slugs(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.exec(select(School.slug)))


def heard(database: Database) -> list[set[str]]:
    topics: list[set[str]] = []
    database.after_commit.append(lambda told: topics.append(set(told)))
    return topics


def test_every_connection_of_the_pool_has_the_pragmas(durable: None, database: Database) -> None:
    """RELIABILITY D15"""
    connections = [database.engine.connect() for _ in range(8)]

    found = [{name: c.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS} for c in connections]
    for connection in connections:
        connection.close()
    with database.engine.connect() as used_before:
        found.append({name: used_before.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS})

    assert found == [PRAGMAS] * 9


def test_a_tie_to_a_row_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(text("INSERT INTO guardian (contact_id, student_id, school_id) VALUES (1, 1, 1)"))


def test_a_transaction_has_the_writers_place_before_it_reads(database: Database) -> None:
    """RELIABILITY D1"""
    with database.transaction() as session, another_process(database, lock=False) as other:
        session.exec(select(School)).all()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    with another_process(database) as other:
        assert other.in_transaction


def test_looking_takes_nobody_s_place(database: Database, now: datetime) -> None:
    with another_process(database), database.reading() as session:
        assert session.exec(select(School)).all() == []
        with database.reading() as second:
            assert second.exec(select(School)).all() == []


@both_databases
def test_who_looks_sees_one_state_however_often(database: Database, now: datetime) -> None:
    with database.reading() as session:
        before = session.execute(text("SELECT count(*) FROM school")).scalar()
        with database.transaction() as writer:
            make_school(writer)
        after = session.execute(text("SELECT count(*) FROM school")).scalar()

    assert (before, after) == (0, 0)
    assert len(slugs(database)) == 1


@on_postgresql
def test_a_silent_host_is_not_waited_for_longer_than_its_address_says(database: Database) -> None:
    """RELIABILITY 3: a machine that is gone refuses nothing; it just does not answer."""
    stated = database.engine.url.update_query_dict({"connect_timeout": "2"})
    waits = []
    for url in (database.engine.url, stated):
        one = Database(url.render_as_string(hide_password=False))
        with one.reading() as session:
            driver: Any = session.connection().connection.driver_connection
            waits.append(driver.info.get_parameters())
        one.dispose()

    assert [had["connect_timeout"] for had in waits] == ["5", "2"]
    assert {had["tcp_user_timeout"] for had in waits} == {"10000"}


@on_postgresql
def test_a_look_leaves_nothing_of_its_one_state_to_the_next_transaction(database: Database) -> None:
    """On the same connection of the pool."""

    def told(session: Session) -> tuple[object, object]:
        row = session.connection().execute(text("SHOW transaction_isolation")).one()
        return row.transaction_isolation, session.connection().execute(text("SELECT pg_backend_pid()")).scalar()

    with database.reading() as session:
        looking, first = told(session)
    with database.transaction() as session:
        writing, second = told(session)

    assert (looking, writing) == ("repeatable read", "read committed")
    assert first == second


@on_postgresql
def test_a_connection_lost_as_a_look_begins_is_told_as_lost(database: Database) -> None:
    pid = text("SELECT pg_backend_pid()")
    with database.reading() as session:
        doomed = session.execute(pid).scalar()
    other = create_engine(database.engine.url)

    @event.listens_for(database.engine, "checkout")
    def cut(*_: object) -> None:
        with other.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": doomed})

    with pytest.raises(OperationalError) as lost, database.reading() as session:
        session.execute(pid)
    event.remove(database.engine, "checkout", cut)
    other.dispose()

    assert lost.value.connection_invalidated
    with database.reading() as session:
        assert session.execute(pid).scalar() != doomed


def _cut(driver: Any) -> None:
    """As a server does that dies without a word: its end of the wire is gone."""
    with socket.socket(fileno=os.dup(driver.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)


class _Mute:
    """A connection of libpq that ended so that there is not even an answer which says so."""

    def __init__(self, pgconn: Any) -> None:
        self._pgconn = pgconn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pgconn, name)

    def exec_(self, _words: bytes) -> None:
        raise psycopg.OperationalError


@on_postgresql
@pytest.mark.parametrize("is_mute", [False, True])
def test_a_connection_that_is_lost_while_it_is_given_back_is_no_fault_of_whoever_had_it(
    database: Database, is_mute: bool
) -> None:
    """OPS-003: all was read before the server died, and only the end of the look fails."""
    with database.reading() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1
        driver: Any = session.connection().connection.driver_connection
        _cut(driver)
        if is_mute:
            driver.pgconn = _Mute(driver.pgconn)

    with database.reading() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


@on_postgresql
@pytest.mark.parametrize("kind", ["reading", "transaction"])
def test_a_connection_that_is_cut_as_it_is_taken_is_told_as_trouble_of_the_database(
    database: Database, kind: str
) -> None:
    """OPS-003: it was sound when the pool gave it out, and its BEGIN finds nobody there."""
    event.listen(database.engine, "checkout", cut := lambda driver, *_: _cut(driver))

    with pytest.raises(DBAPIError) as lost, getattr(database, kind)() as session:
        session.execute(text("SELECT 1"))
    event.remove(database.engine, "checkout", cut)

    assert db.trouble(lost.value)
    with getattr(database, kind)() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


@both_databases
def test_looking_never_writes(database: Database) -> None:
    topics = heard(database)

    with database.reading() as session:
        make_school(session)
        wake(session, "mail")

    assert slugs(database) == []
    assert topics == []


@on_postgresql
def test_a_query_that_is_asked_often_is_planned_once(database: Database) -> None:
    """Looking ends with a ROLLBACK, and so does a booking that was refused: at its own, the driver forgets."""
    for _ in range(8):
        slugs(database)
        with suppress(Invalid), database.transaction() as session:
            session.execute(select(School.slug)).all()
            raise Invalid("Taken.")

    with database.reading() as session:
        prepared = session.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert any("school" in statement for statement in prepared)


@on_postgresql
def test_what_failed_in_the_database_is_undone_and_the_connection_is_good_for_the_next(database: Database) -> None:
    for _ in range(3):
        with suppress(DBAPIError), database.transaction() as session:
            make_school(session)
            session.execute(text("SELECT 1 / 0"))

    assert slugs(database) == []


@both_databases
def test_what_was_loaded_can_be_read_when_the_session_is_over(database: Database) -> None:
    with database.transaction() as session:
        written = make_school(session, slug="linden")
    with database.reading() as session:
        read = session.exec(select(School)).one()

    assert (written.slug, written.name) == (read.slug, read.name) == ("linden", "Linden Park School")


@both_databases
def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    with database.transaction() as session:
        make_school(session, slug="kept")
    with suppress(Invalid), database.transaction() as session:
        make_school(session, slug="dropped")
        raise Invalid

    assert slugs(database) == ["kept"]


@both_databases
def test_even_the_end_of_the_program_leaves_nothing_half_done(database: Database) -> None:
    with suppress(KeyboardInterrupt), database.transaction() as session:
        make_school(session)
        raise KeyboardInterrupt

    assert slugs(database) == []
    with database.transaction() as session:
        make_school(session, slug="next")


@both_databases
def test_the_hooks_are_told_after_the_commit_and_find_the_rows(database: Database) -> None:
    found: list[tuple[set[str], list[str]]] = []
    database.after_commit.append(lambda topics: found.append((set(topics), slugs(database))))

    with database.transaction() as session:
        make_school(session, slug="linden")
        wake(session, "mail")
        wake(session, "meeting")
        wake(session, "mail")
        assert found == []

    assert found == [({"mail", "meeting"}, ["linden"])]


@both_databases
def test_nobody_is_told_of_what_did_not_happen(database: Database, now: datetime) -> None:
    topics = heard(database)

    with suppress(Invalid), database.transaction() as session:
        wake(session, "mail")
        raise Invalid
    with suppress(IntegrityError), database.transaction() as session:
        make_school(session, slug="twice")
        wake(session, "mail")
        session.add(School(slug="twice", name="B", zone="UTC", created_at=now))
    with database.transaction() as session:
        make_school(session)

    assert topics == []


@both_databases
def test_topics_do_not_leak_into_the_next_transaction(database: Database) -> None:
    topics = heard(database)

    with database.transaction() as session:
        wake(session, "mail")
    with database.transaction() as session:
        wake(session, "task")

    assert topics == [{"mail"}, {"task"}]


def test_every_session_carries_the_vault(database: Database) -> None:
    with database.reading() as looking, database.transaction() as writing:
        assert vault_of(looking) is vault_of(writing)


@pytest.mark.usefixtures("impatient")
def test_who_finds_the_place_taken_by_another_process_is_told_busy(database: Database) -> None:
    with another_process(database), pytest.raises(Busy):
        _write(database)

    assert slugs(database) == []
    _write(database)
    assert len(slugs(database)) == 1


@pytest.mark.usefixtures("impatient")
def test_who_finds_the_place_taken_by_another_thread_is_told_busy(database: Database) -> None:
    came: list[Any] = []

    def write() -> None:
        try:
            with database.transaction() as session:
                make_school(session)
        except Busy as error:
            came.append(error)

    with database.transaction():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)

    assert [type(error) for error in came] == [Busy]
    with database.transaction() as session:
        make_school(session)


def test_who_keeps_asking_gets_the_place(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = 0

    def let_go_at_the_third(pause: float) -> None:
        nonlocal refusals
        refusals += 1
        if refusals == 3:
            other.execute("ROLLBACK")

    with another_process(database) as other:
        monkeypatch.setattr("webapp.db.time.sleep", let_go_at_the_third)
        _write(database)

    assert (refusals, len(slugs(database))) == (3, 1)


def _write(database: Database) -> None:
    with database.transaction() as session:
        make_school(session)


def test_many_threads_write_one_after_the_other_and_none_is_lost(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))

    def count() -> None:
        for _ in range(10):
            with database.transaction() as session:
                n = session.execute(text("SELECT n FROM counter")).scalar_one()
                session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    with database.reading() as session:
        assert session.execute(text("SELECT n FROM counter")).scalar_one() == 80


@on_postgresql
def test_of_two_that_wait_for_each_other_one_is_told_busy(database: Database) -> None:
    cross, _ = _crossing(database)

    def at_a_blow(deed: Callable[[Session], str]) -> Callable[[], str]:
        def work() -> str:
            with database.transaction() as session:
                return deed(session)

        return work

    came = at_once(*map(at_a_blow, cross))

    assert sorted(type(result).__name__ for result in came) == ["LostRace", "str"]
    assert issubclass(LostRace, Busy)


@pytest.mark.parametrize(("lost", "is_done"), [(1, True), (2, True), (3, False)])
def test_a_deed_that_lost_a_race_takes_breath_and_is_begun_again_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch, lost: int, is_done: bool
) -> None:
    """RELIABILITY B1: at once it would run into the same transaction, which is not done yet."""
    breaths: list[float] = []
    monkeypatch.setattr(db.time, "sleep", breaths.append)
    tries: list[Session] = []

    def deed(session: Session) -> bool:
        tries.append(session)
        if len(tries) <= lost:
            raise LostRace
        return True

    with nullcontext() if is_done else pytest.raises(LostRace):
        assert database.carry_out(deed)

    assert (len(tries), len(breaths)) == (min(lost + 1, 3), min(lost, 2))


@on_postgresql
def test_of_two_deeds_that_wait_for_each_other_both_are_done(database: Database) -> None:
    """RELIABILITY B1: the one that PostgreSQL ends is begun again, and nobody is told to come back."""
    cross, tries = _crossing(database)

    assert at_once(*(partial(database.carry_out, deed) for deed in cross)) == ["One", "Two"]

    assert sorted(tries.values()) == [1, 2]
    with database.reading() as session:
        assert sorted(session.exec(select(School.name))) == ["One!!", "Two!!"]


@on_postgresql
def test_a_deed_that_loses_every_race_is_given_up(database: Database) -> None:
    tries: list[int] = []

    def deed(session: Session) -> None:
        tries.append(make_school(session).id or 0)
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'as in a circle' USING ERRCODE = '40P01'; END $$"))

    with pytest.raises(Busy):
        database.carry_out(deed)

    assert (len(tries), slugs(database)) == (3, [])


def _crossing(database: Database) -> tuple[list[Callable[[Session], str]], Counter[str]]:
    """Two deeds that rename two schools, each the other's first last; and how often each was begun."""
    with database.transaction() as session:
        ids = {name: make_school(session, name=name).id for name in ("One", "Two")}
    both_hold_one, tries = threading.Barrier(2), Counter[str]()

    def deed(mine: str, other: str, session: Session) -> str:
        _rename(session, ids[mine])
        tries[mine] += 1
        if tries[mine] == 1:
            both_hold_one.wait(10)
        _rename(session, ids[other])
        return mine

    return [partial(deed, "One", "Two"), partial(deed, "Two", "One")], tries


def _rename(session: Session, school_id: int | None) -> None:
    session.execute(text("UPDATE school SET name = name || '!' WHERE id = :id"), {"id": school_id})


@pytest.mark.usefixtures("impatient")
def test_at_the_edge_busy_is_503_with_a_time_to_come_back(database: Database, tmp_path: Path) -> None:
    """OPS-005: after `db.PATIENCE`; who only reads is not held up."""
    app = make_app(settings_of(f"sqlite:///{file_of(database)}", KEY), fake_providers(FakeMeetings(), FakeMailer()))
    visitor = Browser(app)
    with database.transaction() as session:
        school = make_school(session)

    with another_process(database):
        refused = visitor.post("/sign-in", {"email": "a@linden.example", "password": "whatever it is"})
        page = visitor.get("/sign-in")

    assert (refused.status_code, page.status_code) == (503, 200)
    assert refused.headers["Retry-After"] == "3"
    assert "Many people are here right now. Nothing was changed." in refused.text
    assert school.slug in slugs(database)
    app.extensions["confab"].database.dispose()


def test_a_database_that_cannot_be_opened_is_not_taken_for_busy(tmp_path: Path) -> None:
    nowhere = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")

    with pytest.raises(OperationalError, match="unable to open"):
        _write(nowhere)


@on_postgresql
@pytest.mark.parametrize("trusted", [30.0, -1.0], ids=["by its last words", "by asking"])
def test_who_comes_after_a_restart_of_the_server_does_not_notice(
    database: Database, monkeypatch: pytest.MonkeyPatch, trusted: float
) -> None:
    """Every connection of the pool is dead; each is found out before it is used."""
    monkeypatch.setattr(db, "TRUSTED", trusted)
    idle = [database.engine.connect() for _ in range(4)]
    for connection in idle:
        connection.close()
    end_all_connections(database)

    _write(database)

    assert len(slugs(database)) == 1
    with database.transaction() as first, database.transaction() as second:
        assert {s.execute(text("SELECT 1")).scalar() for s in (first, second)} == {1}


@on_postgresql
def test_a_connection_that_is_trusted_is_not_asked_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round trip for each transaction would be a tenth of a booking."""
    asked: list[object] = []
    monkeypatch.setattr(database.engine.dialect, "do_ping", lambda connection: asked.append(connection))
    _write(database)
    slugs(database)

    assert asked == []
    monkeypatch.setattr(db, "TRUSTED", -1.0)
    slugs(database)
    assert len(asked) == 1


@on_postgresql
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_connection_lost_during_the_commit_leaves_it_unsure(database: Database, is_kept: bool) -> None:
    """RELIABILITY 2.2: an unknown outcome is neither done nor not done."""

    @event.listens_for(database.engine, "commit", once=True)
    def lose(connection: Connection) -> None:
        if is_kept:
            connection.connection.commit()
            connection.connection.cursor().execute("SELECT 1")  # so that there is something to commit
        end_all_connections(database)

    with pytest.raises(Unsure) as caught:
        _write(database)

    assert caught.value.status == 503
    assert len(slugs(database)) == is_kept


def test_who_asks_whether_it_took_effect_and_finds_no_database_stays_unsure(database: Database) -> None:
    came = iter([Unsure(), OperationalError("SELECT 1", {}, Exception("connection refused"))])

    def deed(_session: Session) -> None:
        raise next(came)

    with pytest.raises(Unsure):
        database.carry_out(deed)


@on_postgresql
def test_hosts_that_share_a_postgresql_share_its_time(
    database: Database, wall: type[Wall], monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY 2.3: leases and due times go by it, also where a machine's clock is wrong, or is set anew."""
    monkeypatch.setattr(db, "COMPARED", 0)
    for minutes in (3, -90, 0):
        wall.off = timedelta(minutes=minutes)

        with database.reading() as session:
            theirs = session.execute(text("SELECT clock_timestamp()")).scalar_one()

        assert abs(clock.now() - theirs) < timedelta(seconds=1)
        assert abs(clock.of_machine() - theirs - wall.off) < timedelta(seconds=1)


def test_a_clock_that_is_right_but_for_a_moment_is_left_alone(wall: type[Wall]) -> None:
    clock.keep_to(lambda: wall.now(UTC) + timedelta(seconds=0.4))

    assert abs(clock.now() - wall.now(UTC)) < timedelta(seconds=0.1)


def test_an_answer_that_took_long_tells_nothing_of_the_clock(wall: type[Wall]) -> None:
    def slow() -> datetime:
        wall.off += timedelta(seconds=40)
        return wall.now(UTC)

    clock.keep_to(slow)

    assert clock.now() - wall.now(UTC) < timedelta(seconds=0.1)


def test_a_database_that_gives_no_answer_leaves_the_clock_alone(wall: type[Wall]) -> None:
    connection = Mock()
    connection.pgconn.exec_.return_value.get_value.return_value = None

    db._keep_its_time(connection, Mock(info={}))

    assert abs(clock.now() - wall.now(UTC)) < timedelta(seconds=0.1)
