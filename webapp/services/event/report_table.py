"""Hold a report as a table whose columns sort by what they mean: days by day, numbers by size, names by letter."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from webapp.documents.sheet import Sheet
from webapp.errors import N_
from webapp.i18n import clock_time, full_date, gettext, local_day, short_day, zone_name
from webapp.models import Event
from webapp.services.event.report_answers import NO_ANSWERS, Answers

MOST_SHOWN = 200
"""Rows on one page; the files hold all."""

COLUMNS = {
    "date": N_("Date"),
    "time": N_("Time"),
    "length": N_("Length"),
    "teacher": N_("Teacher"),
    "parent": N_("Parent"),
    "email": N_("E-mail"),
    "student": N_("Student"),
    "students": N_("Students"),
    "class": N_("Class"),
    "type": N_("Type"),
    "room": N_("Room/Link"),
    "status": N_("Status"),
    "cancelled": N_("Cancelled at"),
    "seats": N_("Free places"),
    "state": N_("State"),
    "host": N_("Host"),
    "error": N_("Last error"),
}


@dataclass(frozen=True)
class Cell:
    """What is read, and where the row stands when its column sorts. `url` may be opened; `filed` stands in files, where
    the page would be too short."""

    text: str
    order: Any = ""
    url: str | None = None
    filed: str = ""


Row = Mapping[str, Cell]


@dataclass(frozen=True)
class Ask:
    """What a report is asked for. `reader_id` is the teacher who may see nothing but their own; `answers` are what
    families were asked, in a report that tells it."""

    event: Event
    now: datetime
    day: date | None = None
    resource_id: int | None = None
    reader_id: int | None = None
    answers: Answers = NO_ANSWERS
    sort: str = ""
    page: int = 1


@dataclass(frozen=True)
class Table:
    """`days` and `teachers` are those to choose from."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    ask: Ask
    days: tuple[date, ...] = ()
    teachers: tuple[tuple[int, str], ...] = ()
    heads: dict[str, str] = field(default_factory=dict)

    @property
    def is_wide(self) -> bool:
        """On paper laid across."""
        return len(self.columns) > 8

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.rows) // MOST_SHOWN))

    @property
    def page(self) -> int:
        return min(max(self.ask.page, 1), self.pages)

    @property
    def first(self) -> int:
        return (self.page - 1) * MOST_SHOWN + 1

    @property
    def shown(self) -> Sequence[Row]:
        return self.rows[self.first - 1 : self.last]

    @property
    def last(self) -> int:
        return min(self.page * MOST_SHOWN, len(self.rows))

    def next_sort(self, column: str) -> str:
        """What a click on the column's heading asks for: up first, then down."""
        return f"-{column}" if self.ask.sort == column else column

    def direction(self, column: str) -> str:
        return {column: "ascending", f"-{column}": "descending"}.get(self.ask.sort, "none")

    def sheet(self) -> Sheet:
        cells = ([row[column] for column in self.columns] for row in self.rows)
        rows = tuple(tuple(cell.filed or cell.text for cell in row) for row in cells)
        return Sheet(self.title, self._notes(), tuple(self.heads[column] for column in self.columns), rows)

    def _notes(self) -> tuple[str, ...]:
        ask = self.ask
        narrowed = (dict(self.teachers).get(ask.resource_id or 0), full_date(ask.day) if ask.day else None)
        zone = gettext("Times are in %(zone)s.", zone=zone_name(ask.event.zone))
        return (ask.event.name, *(note for note in narrowed if note), zone)


def sorted_rows(rows: Sequence[Row], columns: Sequence[str], sort: str) -> list[Row]:
    """In the order of a column, falling where a hyphen stands before it; else, and among equals, as they came."""
    column = sort.removeprefix("-")
    if column not in columns:
        return list(rows)
    return sorted(rows, key=lambda row: row[column].order, reverse=sort.startswith("-"))


def word(text: str, url: str | None = None) -> Cell:
    """A cell that sorts by its letters, accents and case aside."""
    return Cell(text, letters(text), url)


def letters(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))


def when(start: datetime, minutes: int, zone: str) -> dict[str, Cell]:
    day = local_day(start, zone)
    return {
        "date": Cell(short_day(day), start, filed=full_date(day)),
        "time": Cell(clock_time(start, zone), start.astimezone(ZoneInfo(zone)).time()),
        "length": Cell(gettext("%(minutes)s min", minutes=minutes), minutes),
    }
