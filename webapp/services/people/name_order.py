"""Put people in the order of their names as the school writes them: by last name under Last, First, else by first."""

from typing import Any

from sqlalchemy import func
from sqlmodel import col

from webapp.models import Contact, Student
from webapp.models.people.contact import is_last_first
from webapp.services.people.folding import folded


def name_key(first: str, last: str) -> tuple[str, ...]:
    """For lists that are sorted here, whatever the case and accents."""
    return tuple(folded(part) for part in _as_written(first, last))


def by_name(table: type[Contact | Student]) -> list[Any]:
    """For ORDER BY, where a database cuts the list into pages."""
    parts = _as_written(col(table.first), col(table.last))
    return [*(func.lower(part) for part in parts), col(table.id)]


def _as_written(first: Any, last: Any) -> tuple[Any, Any]:
    return (last, first) if is_last_first.get() else (first, last)
