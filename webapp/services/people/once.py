"""Make a row of which there may be one only, although somebody else makes it in the same moment."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

Row = TypeVar("Row")


def made_once(session: Session, row: Row, known: Callable[[], Row | None]) -> Row:
    """The new row, or the one that `known` finds where another transaction was first."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        if other := known():
            return other
        raise
    return row
