"""Put the events of a school in the order that the office chose, a page at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.services.event.listing import Listed
from webapp.services.people.folding import folded

PER_PAGE = 50

_ORDERS: dict[str, Callable[[Listed], Any]] = {
    "name": lambda it: folded(it.event.name),
    "type": lambda it: it.event.type,
    "zone": lambda it: it.event.zone,
    "date": lambda it: folded(it.event.date_label),
    "location": lambda it: folded(it.event.location),
}


@dataclass(frozen=True)
class EventTable:
    """`sort` is a column, with a hyphen where it falls; empty: newest first."""

    listed: Sequence[Listed]
    sort: str
    asked_page: int

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(_ORDERS)

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.listed) // PER_PAGE))

    @property
    def page(self) -> int:
        return min(max(1, self.asked_page), self.pages)

    @property
    def first(self) -> int:
        return (self.page - 1) * PER_PAGE + 1

    @property
    def shown(self) -> list[Listed]:
        order = _ORDERS.get(self.sort.removeprefix("-"))
        rows = sorted(self.listed, key=order, reverse=self.sort.startswith("-")) if order else list(self.listed)
        return rows[self.first - 1 : self.first - 1 + PER_PAGE]

    def direction(self, column: str) -> str:
        return {column: "ascending", f"-{column}": "descending"}.get(self.sort, "none")

    def next_sort(self, column: str) -> str:
        return f"-{column}" if self.sort == column else column
