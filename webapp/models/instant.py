"""Read and write instants as quickly as they can be: a page of times has hundreds, many of them the same."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Dialect, event
from sqlmodel.sql.sqltypes import UTCDateTime

KEPT = 8192


class Instant(UTCDateTime):
    """What SQLModel makes of a `datetime`, and SQLAlchemy of that, in one step each way. SQLite keeps them as text,
    in UTC and with microseconds, so that they sort."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:  # noqa: ARG002 - the name is SQLAlchemy's
        return _read if dialect.name == "sqlite" else _in_utc

    def bind_processor(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return lambda value: self._written(value, dialect)
        return super().bind_processor(dialect)

    def _written(self, value: datetime | None, dialect: Dialect) -> str | None:
        instant = self.process_bind_param(value, dialect)
        return instant.isoformat(" ", "microseconds").removesuffix("+00:00") if instant else None


@lru_cache(KEPT)
def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _in_utc(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


@event.listens_for(Column, "before_parent_attach")
def _use_instants(column: Column[Any], _table: Any) -> None:
    if type(column.type) is UTCDateTime:
        column.type = Instant()
