"""Give every table the same naming of constraints, and the fields that many share."""

import secrets
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import manager_of_class
from sqlmodel import Field, SQLModel

from webapp.models import instant as instant  # before any column of ours

# Named constraints survive Alembic's table rebuilds on SQLite; unnamed CHECKs are dropped (RELIABILITY D16).
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def owned(*, primary: bool = False) -> Any:
    """The school that owns the row: every loader asks for it."""
    return Field(foreign_key="school.id", ondelete="CASCADE", index=True, primary_key=primary)


def part_of(table: str, *, index: bool = True, primary: bool = False) -> Any:
    """A tie to a row without which this one makes no sense."""
    return Field(foreign_key=f"{table}.id", ondelete="CASCADE", index=index and not primary, primary_key=primary)


def may_point_to(table: str, *, index: bool = True) -> Any:
    """A tie that is dropped when the other row goes."""
    return Field(default=None, foreign_key=f"{table}.id", ondelete="SET NULL", index=index)


def new_token() -> str:
    """An unguessable public name for a row, 120 bits; admin pages use the number."""
    return secrets.token_urlsafe(15)


def public_token() -> Any:
    return Field(default_factory=new_token, unique=True, max_length=32)


def table_of(model: type[SQLModel]) -> Table:
    """The table itself, for statements that are made once and run without the ORM (STACK 3)."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # every table class has it
    return table


def columns_of(*models: type[SQLModel]) -> list[ColumnElement[Any]]:
    """All columns, for a statement that is run without the ORM and whose rows `objects_of` reads."""
    return [column for model in models for column in table_of(model).c]


def objects_of(values: Sequence[Any], *models: type[SQLModel]) -> Iterator[Any]:
    """An object of each model, or None where an outer join found no row, of the values of `columns_of` in their order.

    It is what the ORM would have loaded and a session then let go of; the ORM asks each time how to make it, which is a
    tenth of the work of a family's page.
    """
    rest = iter(values)
    for model in models:
        table = table_of(model)
        row = dict(zip(table.c.keys(), islice(rest, len(table.c)), strict=True))
        is_there = all(row[key.name] is not None for key in table.primary_key)
        yield _object_of(model, row) if is_there else None


def _object_of(model: type[SQLModel], row: dict[str, Any]) -> SQLModel:
    found: SQLModel = manager_of_class(model).new_instance()
    found.__dict__.update(row)
    make_transient_to_detached(found)
    return found


def defaults_of(model: type[SQLModel]) -> dict[str, Any]:
    """What the columns hold that nobody names, for rows that are inserted without an object."""
    optional = {name: field.default for name, field in model.model_fields.items() if not field.is_required()}
    plain = {name: value for name, value in optional.items() if value is None or isinstance(value, str | int)}
    return {name: value for name, value in plain.items() if name in names_of(model)}


def names_of(model: type[SQLModel]) -> list[str]:
    """The columns of a row that is inserted without an object: all but the number that the database gives it."""
    return [column.name for column in table_of(model).c if column.name != "id"]
