"""Open the database: one kind of transaction for requests, jobs and commands, on SQLite and PostgreSQL."""

import math
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InvalidatePoolError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from webapp import clock
from webapp.errors import Busy, LostRace, Unsure

PATIENCE = 5.0
"""Seconds that a SQLite writer keeps asking for its turn before the request is answered with 503."""

TRUSTED = 30.0
"""Seconds for which an idle connection to PostgreSQL is taken to be alive, unless it has said goodbye."""

COMPARED = 60.0
"""Seconds after which a connection compares the machine's clock with PostgreSQL's once more: one may be set anew."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "busy_timeout=0")
_ONE_STATE = "ISOLATION LEVEL REPEATABLE READ"
_EACH_ITS_OWN = "ISOLATION LEVEL READ COMMITTED"
"""Of a transaction that writes: each statement sees what was committed before it."""

_LOST_A_RACE = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL's serialization failure, deadlock, and lock that cannot be had: nothing was changed."""

_OUR_FAULTS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
"""What a database says of statements that it could run, and does not."""

_SILENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""How long a host that says nothing at all is waited for (libpq's parameters: seconds, but the second in ms), which by
default is for ever or a quarter of an hour. What the address itself states counts instead."""

_WRONGLY_ASKED = frozenset({"SQLITE_ERROR", "25P02"})
"""SQLite's word for statements that it cannot make out, and PostgreSQL's for one after another that failed."""

_BREATHS = (0.02, 0.08)
"""Seconds at most after each lost race, by when whoever won it is done. Who loses once more is left to try it again."""

_IDLE, _OPEN = 0, frozenset({2, 3})
"""What libpq says of a connection outside of a transaction, and within one, or within one that has failed."""

Result = TypeVar("Result")


class Database:
    """One engine with its two doors: `reading()` and `transaction()`.

    `vault` (services/system/vault.py) and the after-commit hooks ride on each session's `info`.
    """

    def __init__(self, url: str, *, vault: object = None) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing = self.engine.execution_options(write=True)
        self._looking = self.engine.execution_options(look=True)
        self._turn = threading.Lock()
        self._vault = vault
        self.at_commit: list[Callable[[], None]] = []
        """Called at each commit, whatever it was of."""
        self.after_commit: list[Callable[[set[str]], None]] = []
        """Called with the topics that services noted in `session.info["topics"]`, such as "meeting" and "mail"."""

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for looking only; it sees one state of the database and writes nothing.

        Closing it ends the transaction; what was loaded may be read on (a rollback would empty it)."""
        with self._session(self._looking) as session:
            session.info["is_look"] = True
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit at the end of the block, roll back when it raises, then tell the after-commit hooks.

        Raises Busy when SQLite's one writer's place is not free within PATIENCE seconds, LostRace when PostgreSQL chose
        this one of several transactions that waited for each other, Unsure when the connection was lost during the
        commit.
        """
        with self._one_writer(), self._session(self._writing) as session:
            try:
                yield session
                session.flush()
                _commit(session)
            except BaseException as error:
                session.rollback()
                if isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") in _LOST_A_RACE:
                    raise LostRace from error
                raise
        for note in self.at_commit:
            note()
        topics: set[str] = session.info["topics"]
        if topics:
            for hook in self.after_commit:
                hook(topics)

    def carry_out(self, deed: Callable[[Session], Result]) -> Result:
        """Run a deed in a transaction: again where it lost a race, and once more where the connection was lost during
        the commit; only for deeds that look by a request key whether they took effect, or may be done twice. Raises
        LostRace where it lost too often, and Unsure where it cannot be found out either.
        """
        try:
            return self._run(deed)
        except Unsure:
            try:
                return self._run(deed)
            except DBAPIError as error:
                raise Unsure from error

    def dispose(self) -> None:
        self.engine.dispose()

    def _run(self, deed: Callable[[Session], Result]) -> Result:
        for n, longest in enumerate(_BREATHS):
            with suppress(LostRace):
                return self._run_once(deed, is_again=n > 0)
            time.sleep(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret
        return self._run_once(deed, is_again=True)

    def _run_once(self, deed: Callable[[Session], Result], *, is_again: bool) -> Result:
        with self.transaction() as session:
            session.info["is_again"] = is_again
            return deed(session)

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session:
            session.info.update(vault=self._vault, topics=set())
            yield session

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=PATIENCE):
            raise Busy
        try:
            yield
        finally:
            self._turn.release()


def wake(session: Session, topic: str) -> None:
    """Note that errands of this kind are due, for whoever listens once the transaction is committed."""
    session.info["topics"].add(topic)


def has_lost_a_race(session: Session) -> bool:
    """Whether the deed is begun again, and so may take more care than the first time."""
    return bool(session.info.get("is_again"))


def trouble(error: BaseException) -> str:
    """What ails the database, in a word for the log, where it is no fault of ours: it is away, full, may only be read,
    or gives us no connection. Empty otherwise."""
    if not isinstance(error, (DBAPIError, PoolTimeout)) or isinstance(error, _OUR_FAULTS):
        return ""
    said = getattr(error, "orig", error)
    code = getattr(said, "sqlite_errorname", "") or getattr(said, "sqlstate", "")
    return "" if code in _WRONGLY_ASKED else getattr(said, "sqlite_errorname", "") or type(said).__name__


def _commit(session: Session) -> None:
    try:
        session.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unsure from error
        raise


def _engine(url: str) -> Engine:
    return _sqlite(url) if make_url(url).get_backend_name() == "sqlite" else _postgresql(url)


def _postgresql(url: str) -> Engine:
    from webapp.db_driver import Connection as PostgresConnection
    from webapp.db_driver import ReticentCursor

    stated = make_url(url).query
    arguments = {"cursor_factory": ReticentCursor} | {key: n for key, n in _SILENCE.items() if key not in stated}
    engine = create_engine(url, connect_args=arguments, pool_size=6, max_overflow=2, pool_use_lifo=True)
    engine.dialect.do_rollback = _roll_back  # type: ignore[assignment]
    event.listen(engine, "do_connect", lambda _dialect, _entry, at, how: PostgresConnection.connect(*at, **how))
    event.listen(engine, "connect", _speak_of_utc)
    event.listen(engine, "connect", _keep_its_time)
    event.listen(engine, "begin", _begin_there)
    event.listen(engine, "checkin", _note_the_time)
    event.listen(engine, "checkout", partial(_refuse_dead, engine.dialect))
    return engine


def _speak_of_utc(connection: Any, _record: Any) -> None:
    """Instants need not be turned into ours, then (models/instant.py)."""
    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _keep_its_time(connection: Any, entry: Any) -> None:
    """Asked outside of a transaction, by the driver's shortest way; where that fails, the next statement says why."""
    entry.info["compared_at"] = time.monotonic()

    def ask() -> datetime:
        answer = connection.pgconn.exec_(b"SELECT extract(epoch FROM clock_timestamp())")
        return datetime.fromtimestamp(float(answer.get_value(0, 0)), UTC)

    with suppress(TypeError):  # there was no answer
        clock.keep_to(ask)


def _begin_there(connection: Connection) -> None:
    """By the driver's own way a connection is told its isolation before each look and after it, and a transaction
    begins with the first statement of a cursor. Where this fails, that says why."""
    isolation = _ONE_STATE if connection.get_execution_options().get("look") else _EACH_ITS_OWN
    driver: Any = connection.connection.driver_connection
    if not driver.autocommit and not driver.told(f"BEGIN {isolation}".encode()):
        connection.exec_driver_sql(f"SET TRANSACTION {isolation}")


def _roll_back(connection: Any) -> None:
    """The driver's own also forgets what it has prepared, which outlives a ROLLBACK: every query would be
    planned anew, which takes longer than to run it. A connection on which it fails was lost, or is just being lost: it
    is closed, so that the server rolls back itself, and who takes it next from the pool finds it dead."""
    status = connection.pgconn.transaction_status
    if status != _IDLE and (status not in _OPEN or not connection.told(b"ROLLBACK")):
        connection.close()


def _note_the_time(_connection: Any, entry: Any) -> None:
    entry.info["idle_since"] = time.monotonic()


def _refuse_dead(dialect: Any, connection: Any, entry: Any, _borrower: Any) -> None:
    """A server that stops says goodbye on each of its connections, which can be read without asking it. Asking, as
    `pool_pre_ping` does before each transaction, is for those that were idle so long that a router may have lost them.
    """
    try:
        if time.monotonic() > entry.info.get("idle_since", math.inf) + TRUSTED:
            dialect.do_ping(connection)
        for _ in range(2):  # its last words, then the end
            connection.pgconn.consume_input()
        if time.monotonic() > entry.info["compared_at"] + COMPARED:
            _keep_its_time(connection, entry)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _sqlite(url: str) -> Engine:
    # Python's driver must not begin transactions by itself: its reads would run outside of them (RELIABILITY 2.1).
    arguments = {"check_same_thread": False, "isolation_level": None, "timeout": 0}
    engine = create_engine(url, connect_args=arguments, pool_size=6, max_overflow=4, pool_use_lifo=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.OperationalError as error:
            if not _is_locked(error) or time.monotonic() > give_up:
                raise
            time.sleep(random.uniform(0.0005, 0.003))  # noqa: S311 - jitter, not a secret
        else:
            return


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("write"):
        # It asks for nothing that could be refused, and so need not go the long way of a statement.
        connection.connection.cursor().execute("BEGIN")
        return
    give_up = time.monotonic() + connection.get_execution_options().get("patience", PATIENCE)
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if not _is_locked(error.orig):
                raise
            if time.monotonic() > give_up:
                raise Busy from error
            time.sleep(random.uniform(0.0005, 0.003))  # noqa: S311 - jitter, not a secret
        else:
            return


def _is_locked(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
