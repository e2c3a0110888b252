"""Tell by its headings what a table holds, and find each column of its layout in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from webapp.errors import N_, Invalid
from webapp.services.roster.layout import UNREAD, Column, Layout, plain, stem
from webapp.services.roster.layouts import LAYOUTS
from webapp.services.roster.oneroster_layouts import UNREAD_NAMES
from webapp.services.roster.read_files import Table

UNKNOWN = N_(
    "%(file)s has none of the headings that the Importer knows. Found: %(found)s. "
    "The first row must hold headings such as StudentID, First, Last, SecurityValue."
)
MISSING = N_(
    "%(file)s was read by the layout %(layout)s, but has no column %(columns)s. Found: %(found)s. "
    "Add the column, or correct its heading."
)
UNCLEAR = N_(
    "%(file)s fits two layouts, %(one)s and %(other)s. Remove the columns of one, or name the file after its kind."
)
REPEATED = N_("%(file)s has more than one column %(column)s: %(found)s. Keep one of them.")


class ColumnsUnknown(Invalid):
    """A file can be read, but what its columns are has to be said."""


@dataclass(frozen=True)
class Sheet:
    table: Table
    layout: Layout

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """The positions of each column of the layout, by its name."""
        places: dict[str, list[int]] = {}
        for position, heading in enumerate(self.table.headings):
            if column := self.layout.column(heading):
                places.setdefault(column.name, []).append(position)
        return places

    @cached_property
    def headings(self) -> dict[str, str]:
        """How the file spells each column."""
        return {name: self.table.headings[positions[0]] for name, positions in self.places.items()}

    def has(self, column: str) -> bool:
        return column in self.places

    @property
    def unknown_columns(self) -> list[str]:
        return [heading for heading in self.table.headings if not self.layout.knows(heading)]


def recognised(table: Table, layouts: Sequence[Layout] = LAYOUTS) -> Sheet | None:
    """None where no heading speaks for a roster. Raises ColumnsUnknown where a column is missing or repeated."""
    if stem(table.name) in UNREAD_NAMES and "sourcedid" in map(plain, table.headings):
        return Sheet(table, Layout(UNREAD, table.name, "", ()))
    layout = _fitting(table, layouts) or intended(table, layouts)
    return None if layout is None else sheet_of(table, layout)


def sheet_of(table: Table, layout: Layout) -> Sheet:
    """Read by this layout. Raises ColumnsUnknown."""
    _refuse_missing(table, layout)
    sheet = Sheet(table, layout)
    for column in layout.columns:
        _refuse_repeated(sheet, column)
    return sheet


def unknown(table: Table) -> ColumnsUnknown:
    return ColumnsUnknown(UNKNOWN, field="file", file=table.name, found=_found(table))


def _fitting(table: Table, layouts: Sequence[Layout]) -> Layout | None:
    """Among the layouts that have all they need, the one that the name speaks for, else the one with most columns."""
    fitting = [layout for layout in layouts if not layout.missing(table.headings)]
    ranked = sorted(fitting, key=lambda layout: _score(table, layout), reverse=True)
    if len(ranked) > 1 and _score(table, ranked[0]) == _score(table, ranked[1]) and ranked[0].kind != ranked[1].kind:
        one, other = ranked[0].title, ranked[1].title
        raise ColumnsUnknown(UNCLEAR, field="file", file=table.name, one=one, other=other)
    return ranked[0] if ranked else None


def _score(table: Table, layout: Layout) -> tuple[int, bool, int]:
    """What the school said of headings counts before the name of the file."""
    learned = sum(plain(heading) in layout.learned for heading in table.headings)
    return learned, layout.is_hinted(table.name), len(layout.found(table.headings))


def intended(table: Table, layouts: Sequence[Layout] = LAYOUTS) -> Layout | None:
    """The layout that somebody seems to have meant; a single common heading such as First is not enough."""
    likeness = {layout.title: sum(_score(table, layout)) for layout in layouts}
    likely = max(layouts, key=lambda layout: likeness[layout.title])
    return likely if likeness[likely.title] > 1 else None


def _refuse_missing(table: Table, layout: Layout) -> None:
    if missing := layout.missing(table.headings):
        names = ", ".join(missing)
        raise ColumnsUnknown(
            MISSING, field="file", file=table.name, layout=layout.title, columns=names, found=_found(table)
        )


def _refuse_repeated(sheet: Sheet, column: Column) -> None:
    positions = sheet.places.get(column.name, [])
    if len(positions) > 1 and not column.may_repeat:
        found = ", ".join(sheet.table.headings[position] for position in positions)
        raise ColumnsUnknown(REPEATED, field="file", file=sheet.table.name, column=column.name, found=found)


def _found(table: Table) -> str:
    """The headings for a message, within bounds."""
    text = ", ".join(heading for heading in table.headings if heading) or "–"
    return text if len(text) <= 300 else f"{text[:300]}…"
