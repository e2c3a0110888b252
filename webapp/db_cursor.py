"""Spare PostgreSQL's driver a description of each result, which SQLAlchemy reads once for a statement."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from psycopg import Cursor


class ReticentCursor(Cursor[Any]):
    """Describing the hundred columns that the guard asks for took a twentieth of a family's page."""

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
