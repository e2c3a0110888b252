"""Run a statement that is made once with no more than the driver asks for, where a family waits for the answer.

At each execution SQLAlchemy finds out how a statement is spelled, of which types its values are and what its rows
look like: three quarters of a statement's time on SQLite, half on PostgreSQL. It is found out once here, by
SQLAlchemy's compiler and types.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

Process = Callable[[Any], Any]
_COUNTED = {"preserve_rowcount": True}


class _Given(NamedTuple):
    """Stands where a value will be: the one of that name, or of its values that in this place."""

    name: str
    place: int | None = None

    def of(self, values: Mapping[str, Any]) -> Any:
        return values[self.name] if self.place is None else values[self.name][self.place]


class _Spelled(NamedTuple):
    """A statement as one dialect has it. `fillings` by the name of their place, in `order` where names are not used;
    `changes` of columns, by their place, from what the driver has to what we have."""

    text: str
    order: Sequence[str] | None
    fillings: Sequence[tuple[str, Any, Process | None]]
    changes: Sequence[tuple[int, Process]]

    def filled(self, values: Mapping[str, Any]) -> Any:
        found = {}
        for name, filling, process in self.fillings:
            value = filling.of(values) if isinstance(filling, _Given) else filling
            found[name] = process(value) if process else value
        return found if self.order is None else [found[name] for name in self.order]

    def changed(self, rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """Column by column, which needs no line of Python for each row."""
        if not rows or not self.changes:
            return rows
        columns: list[Iterable[Any]] = [*zip(*rows, strict=True)]
        for n, process in self.changes:
            columns[n] = map(process, columns[n])
        return zip(*columns, strict=True)


class Prepared:
    """A SELECT, or an UPDATE, INSERT or DELETE that leaves nothing to defaults.

    Its `bindparam`s, and the `columns` of an INSERT of values, are filled from a mapping; those of an IN take
    sequences. Rows are named tuples, of the class `row` where one is given. Where somebody listens to what is executed,
    SQLAlchemy does it.
    """

    def __init__(self, statement: Any, columns: Sequence[str] | None = None, row: Any = None) -> None:
        self._statement, self._columns, self._row_class = statement, columns, row
        self._binds: dict[str, Any] = {}
        self._spelled: dict[tuple[Any, ...], _Spelled] = {}

    def all(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        return list(self._rows(session, values))

    def first(self, session: Session, values: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        return next(self._rows(session, values), None)

    def change(self, session: Session, values: Mapping[str, Any]) -> int:
        """How many rows were changed, made or removed."""
        connection = _connection(session)
        if connection.engine.dispatch.before_cursor_execute:
            return int(connection.execute(self._statement, values, execution_options=_COUNTED).rowcount)
        spelled = self._spelling(connection.dialect, values)
        with _driver(connection, spelled.text) as driver:
            return int(driver.change(spelled.text, spelled.filled(values)))

    def change_each(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
        """As `change`, for all of them together."""
        connection = _connection(session)
        if connection.engine.dispatch.before_cursor_execute:
            return int(connection.execute(self._statement, rows, execution_options=_COUNTED).rowcount)
        spelled = self._spelling(connection.dialect, rows[0])
        with _driver(connection, spelled.text) as driver:
            return int(driver.change_each(spelled.text, [spelled.filled(values) for values in rows]))

    def _rows(self, session: Session, values: Mapping[str, Any]) -> Iterator[Any]:
        connection = _connection(session)
        if connection.engine.dispatch.before_cursor_execute:
            return map(self._row, connection.execute(self._statement, values).all())
        spelled = self._spelling(connection.dialect, values)
        with _driver(connection, spelled.text) as driver:
            rows = driver.rows(spelled.text, spelled.filled(values))
        return map(self._row, spelled.changed(rows))

    def _spelling(self, dialect: Dialect, values: Mapping[str, Any]) -> _Spelled:
        """Of the values only their number counts."""
        if not self._spelled:
            self._binds = {name: bind for name, bind in self._compiled(dialect).binds.items() if bind.required}
        key = (dialect.name, *[len(values[name]) for name, bind in self._binds.items() if bind.expanding])
        return self._spelled.get(key) or self._spelled.setdefault(key, self._spell(dialect, values))

    def _spell(self, dialect: Dialect, values: Mapping[str, Any]) -> _Spelled:
        given = {
            name: [_Given(name, n) for n in range(len(values[name]))] if bind.expanding else _Given(name)
            for name, bind in self._binds.items()
        }
        compiled = self._compiled(dialect)
        spelled = compiled.construct_expanded_state(given)
        of_lists = {one: name for name, each in spelled.parameter_expansion.items() for one in each}
        types = {name: compiled.binds[of_lists.get(name, name)].type for name in spelled.parameters}
        fillings = [
            (name, filling, types[name].dialect_impl(dialect).bind_processor(dialect))
            for name, filling in spelled.parameters.items()
        ]
        processes = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in self._shown]
        changes = [(n, process) for n, process in enumerate(processes) if process]
        return _Spelled(spelled.statement, spelled.positiontup, fillings, changes)

    def _compiled(self, dialect: Dialect) -> Any:
        """With `$1` for PostgreSQL, as its server has it."""
        dialect_class: Any = type(dialect)
        speaks = dialect if dialect.name == "sqlite" else dialect_class(paramstyle="numeric_dollar")
        return self._statement.compile(dialect=speaks, column_keys=self._columns)

    @cached_property
    def _shown(self) -> list[Any]:
        """The columns of a row."""
        is_select = getattr(self._statement, "is_select", False)
        return list(getattr(self._statement, "selected_columns" if is_select else "exported_columns", ()))

    @cached_property
    def _row(self) -> Any:
        """Makes one of values; of columns of the same name only the first has it."""
        row: Any = self._row_class or namedtuple("Row", [column.key for column in self._shown], rename=True)
        return row._make


def _connection(session: Session) -> Connection:
    """A look (`Database.reading`) has one from its first statement to its end: to find it out for each takes as long as
    a quick statement. Whoever writes is asked each time, for that is when SQLAlchemy makes a savepoint."""
    known: Connection | None = session.info.get("connection")
    if known is None:
        known = session.connection()
        if session.info.get("is_look"):
            session.info["connection"] = known
    return known


def padded(values: Sequence[Any]) -> list[Any]:
    """For an IN: the last one again and again, up to a power of two, so that few spellings are made."""
    return [*values, *([values[-1]] * ((1 << (len(values) - 1).bit_length()) - len(values)))] if values else []


class _ByCursor:
    """What `Statements` of db_driver.py do, for a driver whose cursors cost nothing."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with closing(self._connection.execute(text, values)) as cursor:
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def change(self, text: str, values: Sequence[Any]) -> int:
        with closing(self._connection.execute(text, values)) as cursor:
            return int(cursor.rowcount)

    def change_each(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        with closing(self._connection.executemany(text, rows)) as cursor:
            return int(cursor.rowcount)


@contextmanager
def _driver(connection: Connection, text: str) -> Iterator[Any]:
    driver: Any = connection.connection.driver_connection
    try:
        yield _ByCursor(driver) if connection.dialect.name == "sqlite" else driver.statements
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says(error, connection, text) from error


def _as_sqlalchemy_says(error: Any, connection: Connection, text: str) -> BaseException:
    """With a connection that is lost nothing more is done."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection, None)
    if is_lost:
        connection.invalidate(error)
    how: Any = {"hide_parameters": True, "connection_invalidated": is_lost, "dialect": dialect}
    said: BaseException = DBAPIError.instance(text, None, error, dialect.loaded_dbapi.Error, **how)
    return said
