"""Read one row's cells as typed values, and note everything that is wrong with it, so that one look mends a row."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import TypeVar

from webapp.errors import N_, Invalid
from webapp.services.event.typed_link import checked_link, checked_room
from webapp.services.people.folding import is_visible
from webapp.services.roster.facts import Roster
from webapp.services.roster.read_files import Line
from webapp.services.roster.report import ERROR, WARNING, Problem, Source
from webapp.services.roster.sheet import Sheet

LONGEST_REF, LONGEST_NAME, LONGEST_EMAIL = 255, 100, 254

EMPTY = N_("%(column)s is missing.")
TOO_LONG = N_("%(column)s is longer than %(longest)s characters.")
LINE_BREAK = N_("%(column)s contains a line break. If it was not meant, look for a stray quotation mark.")
CONTROL = N_("%(column)s contains a control character. Type it again.")
TOO_MANY_CELLS = N_("This row has more cells than there are headings. Look for a stray delimiter or quotation mark.")
NOT_EMAIL = N_("%(value)s is not an e-mail address.")
NO_EMAIL = N_("There is no e-mail address.")
NOT_NUMBER = N_("%(value)s is not a whole number from %(lowest)s to %(highest)s.")
UPGRADED = N_("The link began with http:// and was changed to https://.")
NO_NAME = N_("There is no name.")
INACTIVE = N_("The status is %(value)s. This row is left out.")

_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+{_LABEL}")

# Zero-width space, direction marks, soft hyphen and byte-order mark come from copying and mean nothing here.
_DROPPED = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u00ad\ufeff"))
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

Fact = TypeVar("Fact")


class Row:
    """A line under its headings; `is_sound` once nothing of it was refused."""

    def __init__(self, sheet: Sheet, line: Line, problems: list[Problem]) -> None:
        self.at = Source(sheet.table.name, line.number, sheet.headings)
        self.is_sound = True
        self._refused: set[str] = set()
        self._sheet = sheet
        self._cells = line.cells
        self._problems = problems
        if any(cell.strip() for cell in line.cells[len(sheet.table.headings) :]):
            self.refuse("", TOO_MANY_CELLS)

    def text(self, column: str, *, longest: int = LONGEST_NAME) -> str:
        """The cell without marks that nobody sees; empty where the cell or the column is."""
        return next(iter(self.texts(column, longest=longest)), "")

    def texts(self, column: str, *, longest: int = LONGEST_REF) -> list[str]:
        """The filled cells of a column that may stand several times."""
        cells = [self._checked(column, cell, longest) for cell in self._raw(column)]
        return [cell for cell in cells if cell]

    def ref(self, column: str) -> str:
        """An ID, which a row cannot do without."""
        return self._needed(column, self.text(column, longest=LONGEST_REF))

    def words(self, column: str, *, longest: int, is_needed: bool = False) -> str:
        """What the forms of an event take: nothing in it that does not show."""
        text = self.text(column, longest=longest)
        if not is_visible(text):
            self.refuse(column, CONTROL, column=self.at.heading(column))
        return self._needed(column, text) if is_needed else text

    def name(self, first: str, last: str) -> tuple[str, str]:
        """One of the two may be empty: some people have a single name."""
        names = self.text(first), self.text(last)
        if not any(names) and not {first, last} & self._refused:
            self.refuse(first, NO_NAME)
        return names

    def email(self, column: str, *, missing: str = WARNING) -> str | None:
        """In lower case. Only plain ASCII: look-alike letters must not fold onto somebody else's address."""
        typed = self.text(column, longest=LONGEST_EMAIL)
        if not typed:
            if column not in self._refused:
                self._note(column, missing, NO_EMAIL)
            return None
        if not typed.isascii() or not _EMAIL.fullmatch(typed.lower()):
            self.refuse(column, NOT_EMAIL, value=typed)
            return None
        return typed.lower()

    def link(self, column: str) -> str:
        """An https link by the rules of the Virtual Room cell."""
        typed = self.text(column, longest=20_000)
        try:
            link = checked_link(typed)
        except Invalid as error:
            self.refuse(column, error.message, **error.values)
            return ""
        if link.was_upgraded:
            self.warn(column, UPGRADED)
        return link.url

    def room(self, column: str, *, longest: int) -> str:
        try:
            room = checked_room(self.text(column, longest=longest)).text
        except Invalid as error:
            self.refuse(column, error.message, **error.values)
            return ""
        if len(room) > longest:
            self.refuse(column, TOO_LONG, column=self.at.heading(column), longest=longest)
        return room

    def number(self, column: str, *, lowest: int, highest: int) -> int | None:
        typed = self.text(column)
        if not typed:
            return None
        if re.fullmatch(r"[0-9]{1,9}", typed) and lowest <= int(typed) <= highest:
            return int(typed)
        self.refuse(column, NOT_NUMBER, value=typed, lowest=lowest, highest=highest)
        return None

    def refuse(self, column: str, says: str, /, **values: object) -> None:
        """Leave this row out."""
        self._note(column, ERROR, says, **values)

    def warn(self, column: str, says: str, /, **values: object) -> None:
        self._note(column, WARNING, says, **values)

    def _note(self, column: str, severity: str, says: str, /, **values: object) -> None:
        if severity == ERROR:
            self.is_sound = False
            self._refused.add(column)
        self._problems.append(Problem(self.at.file, self.at.row, self.at.heading(column), severity, says, dict(values)))

    def _raw(self, column: str) -> Iterator[str]:
        for position in self._sheet.places.get(column, []):
            if position < len(self._cells):
                yield self._cells[position]

    def _checked(self, column: str, cell: str, longest: int) -> str:
        text = cell.strip()
        if not text.isprintable():
            text = self._cleaned(column, text)
        if len(text) > longest:
            self.refuse(column, TOO_LONG, column=self.at.heading(column), longest=longest)
            return ""
        return text

    def _cleaned(self, column: str, text: str) -> str:
        """Other spaces become plain ones and idle marks go; what breaks lines or turns the text around is refused."""
        text = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in text.translate(_DROPPED))
        kinds = {unicodedata.category(letter) for letter in text}
        if kinds & {"Zl", "Zp"} or "\n" in text or "\r" in text:
            self.refuse(column, LINE_BREAK, column=self.at.heading(column))
        elif kinds & {"Cc", "Cs"} or _REORDERING & set(text):
            self.refuse(column, CONTROL, column=self.at.heading(column))
        else:
            return text.strip()
        return ""

    def _needed(self, column: str, text: str) -> str:
        if not text and column not in self._refused:
            self.refuse(column, EMPTY, column=self.at.heading(column))
        return text


def is_active(row: Row, column: str) -> bool:
    """Who is not stays out of the import, and is told."""
    status = row.text(column)
    if status.lower() in ("", "active"):
        return True
    row.refuse(column, INACTIVE, value=status)
    return False


def sound_facts(sheet: Sheet, roster: Roster, make: Callable[[Row], list[Fact]]) -> list[Fact]:
    """What `make` reads from the rows of which it refuses nothing; of the others it is known that the file has them."""
    facts: list[Fact] = []
    for line in sheet.table.lines:
        row = Row(sheet, line, roster.problems)
        made = make(row)
        if row.is_sound:
            facts += made
        else:
            roster.refused += made
    return facts
