"""Cut a long list into what one statement or request takes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Value = TypeVar("Value")


def portions(values: Iterable[Value], most: int = 500) -> Iterator[list[Value]]:
    """In their order, at most `most` in each and none empty. SQLite takes a limited number of values in one statement;
    500 stay below the limit of any build (999)."""
    rest = iter(values)
    while some := list(islice(rest, most)):
        yield some
