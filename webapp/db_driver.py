"""Spare PostgreSQL's driver what is found out once: the description of a result, and how a statement is run that is
made once."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import psycopg
from psycopg import Cursor, OperationalError, RawCursor, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName, error_from_result
from psycopg.types.numeric import Int8BinaryDumper

_KEPT = 256
"""Statements at most that stay prepared on a connection: each takes memory of the server."""

_FORGETFUL = ("ROLLBACK", "DROP", "ALTER", "DISCARD", "DEALLOCATE")
"""What the server did, after which the driver may let it forget all that is prepared."""

_DONE = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})


class Connection(psycopg.Connection[Any]):
    """One that is spoken to in few words, and knows what it has prepared."""

    def told(self, words: bytes) -> bool:
        """Have the server do this, by the shortest way that the driver has, and tell whether it did."""
        try:
            return not self.pgconn.exec_(words).error_message
        except OperationalError:  # the connection ended, and nothing was there to be read
            return False

    @cached_property
    def statements(self) -> "Statements":
        return Statements(self)


class ReticentCursor(Cursor[Any]):
    """Describing the hundred columns that the guard asks for took a twentieth of a family's page."""

    def execute(self, *asked: Any, **how: Any) -> "ReticentCursor":
        super().execute(*asked, **how)
        if (self.statusmessage or "").startswith(_FORGETFUL):
            self.connection.statements.doubt()  # type: ignore[attr-defined]
        return self

    @property
    def description(self) -> Any:
        found = self.pgresult
        return _Columns(self, found.nfields) if found and found.nfields else super().description


class _Columns(Sequence[Any]):
    """Of the result that the cursor has, described when somebody looks."""

    def __init__(self, cursor: ReticentCursor, number: int) -> None:
        self._cursor, self._number = cursor, number

    def __getitem__(self, index: Any) -> Any:
        return self._described[index]

    def __len__(self) -> int:
        return self._number

    @cached_property
    def _described(self) -> Any:
        return super(ReticentCursor, self._cursor).description


class Statements:
    """What one connection has prepared, by text and types: run by libpq in one call, with the driver's ways to write
    and read values. A cursor does more than that for each statement, which takes as long as a quick one, and lets go
    of the interpreter two or three times, for which it then waits in a crowd."""

    def __init__(self, connection: Connection) -> None:
        self._pgconn, self._cursor = connection.pgconn, RawCursor(connection)
        # By itself the driver gives each number the narrowest type, and each mix of types is a statement of its own.
        self._cursor.adapters.register_dumper(int, Int8BinaryDumper)
        self._values = Transformer(self._cursor)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._made, self._is_sure = 0, True

    def rows(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Raises what the driver does. `text` has `$1` where the first of `values` goes."""
        result = self._run(text, values)
        self._values.set_pgresult(result)
        found: list[tuple[Any, ...]] = self._values.load_rows(0, result.ntuples, tuple)
        self._values.set_pgresult(None)
        return found

    def change(self, text: str, values: Sequence[Any]) -> int:
        """How many rows were changed, made or removed; the rest is as with `rows`."""
        return self._run(text, values).command_tuples or 0

    def change_each(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """As `change`, for several at once: the driver sends them all before it waits for an answer."""
        if len(rows) == 1:
            return self.change(text, rows[0])
        self._cursor.executemany(text, rows)
        return self._cursor.rowcount

    def doubt(self) -> None:
        """The driver may have let the server forget what is prepared, whoever did it."""
        self._is_sure = False

    def _keep_what_is_left(self) -> None:
        left = self._checked(self._pgconn.exec_(b"SELECT name FROM pg_prepared_statements"))
        names = {left.get_value(n, 0) for n in range(left.ntuples)}
        self._names = {key: name for key, name in self._names.items() if name in names}
        self._is_sure = True

    def _run(self, text: str, values: Sequence[Any]) -> Any:
        if not self._is_sure:
            self._keep_what_is_left()
        given: Any = self._values.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types, formats = self._values.types or (), self._values.formats
        name = self._names.get((text, types)) or self._prepare(text, types)
        try:
            return self._checked(self._pgconn.exec_prepared(name, given, formats))
        except (FeatureNotSupported, InvalidSqlStatementName):
            # A migration changed what it would give, or it is gone: the next one to ask prepares it anew.
            del self._names[text, types]
            raise

    def _prepare(self, text: str, types: tuple[int, ...]) -> bytes:
        if len(self._names) == _KEPT:
            oldest = next(iter(self._names))
            self._checked(self._pgconn.exec_(b"DEALLOCATE " + self._names.pop(oldest)))
        self._made += 1
        name = f"confab_{self._made}".encode()
        self._checked(self._pgconn.prepare(name, text.encode(), types))
        self._names[text, types] = name
        return name

    def _checked(self, result: Any) -> Any:
        if result.status in _DONE:
            return result
        if result.error_field(pq.DiagnosticField.SQLSTATE):
            raise error_from_result(result)
        raise OperationalError(pq.error_message(result))
