"""Say what a layout is: which columns it has, under which names, and which it cannot do without."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

UNREAD = "unread"
"""The kind of files that belong to a bundle and say nothing that Confab needs."""


@dataclass(frozen=True)
class Column:
    name: str
    also: tuple[str, ...] = ()
    is_required: bool = False
    may_repeat: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (plain(self.name), *(plain(name) for name in self.also))


@dataclass(frozen=True)
class Layout:
    """`kind` is the reader's key, `title` the name that people know the file by; `hint` matches likely file names."""

    kind: str
    title: str
    hint: str
    columns: tuple[Column, ...]
    unused: frozenset[str] = frozenset()
    """Keys of columns that the layout knows and Confab has no use for."""
    learned: Mapping[str, str] = field(default_factory=dict)
    """What the school said of keys: the column's name, or nothing for what it does not use."""

    def column(self, heading: str) -> Column | None:
        key = plain(heading)
        if key in self.learned:
            return next((column for column in self.columns if column.name == self.learned[key]), None)
        return next((column for column in self.columns if _matches(column, key)), None)

    def knows(self, heading: str) -> bool:
        key = plain(heading)
        is_idle = not key or key in self.unused or key in self.learned or key.startswith("metadata")
        return is_idle or self.column(heading) is not None

    def is_hinted(self, filename: str) -> bool:
        return re.search(self.hint, stem(filename)) is not None

    def missing(self, headings: Iterable[str]) -> list[str]:
        """Names of the required columns that none of the headings stands for."""
        found = self.found(headings)
        return [column.name for column in self.columns if column.is_required and column.name not in found]

    def found(self, headings: Iterable[str]) -> set[str]:
        return {column.name for heading in headings if (column := self.column(heading))}


def plain(heading: str) -> str:
    """A heading without case, spaces, underscores and other signs."""
    return "".join(letter for letter in heading.casefold() if letter.isalnum())


def stem(filename: str) -> str:
    """`export/Class_Resources.csv` → `classresources`"""
    return plain(filename.rpartition("/")[2].partition(".")[0])


def _matches(column: Column, key: str) -> bool:
    # A column that may repeat is often numbered by the spreadsheet: ClassID, ClassID 2, ClassID 3.
    return key in column.keys or (column.may_repeat and key.rstrip("0123456789") in column.keys)


def needs(name: str, *also: str) -> Column:
    return Column(name, also, is_required=True)


def may(name: str, *also: str) -> Column:
    return Column(name, also)


def unused(text: str) -> frozenset[str]:
    return frozenset(plain(name) for name in text.split())
