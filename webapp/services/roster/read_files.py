"""Make rows of text out of bytes, whatever spreadsheet or student system wrote them, or say why not."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from webapp.errors import N_, Invalid
from webapp.services.roster.upload import MOST_BYTES, TOO_BIG, WORKBOOK

MOST_ROWS = 200_000
MOST_CELLS = 10_000_000
MOST_COLUMNS = 1_000

# One giant field must be reported with its row (CSV-011), not stop the reading at the module's own limit.
csv.field_size_limit(MOST_BYTES)

EMPTY = N_("%(file)s is empty. Export it again.")
NOT_TEXT = N_("%(file)s is not a text file. Export it again as CSV UTF-8 or Text (Tab delimited).")
ENCODING = N_("The letters in %(file)s cannot be read. Save it again as CSV UTF-8.")
TOO_MANY_ROWS = N_("%(file)s has more than 200,000 rows. At most 200,000 rows can be imported at a time.")
TOO_MANY_CELLS = N_("%(file)s has more than 10 million cells. Leave out the columns that the Importer does not know.")
OPEN_QUOTE = N_("In %(file)s, row %(row)s opens a quotation mark that is never closed. Remove or close it.")

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BINARY = (b"PK\x03\x04", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_QUOTED = re.compile(r'"[^"]*"')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LAST = "\x00end"


@dataclass(frozen=True)
class Line:
    """One row; `number` counts as a spreadsheet does."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    name: str
    encoding: str
    delimiter: str
    """Empty for a workbook, which has none."""
    headings: list[str]
    lines: list[Line]
    blank_rows: int
    """Rows of nothing but delimiters, which were skipped."""


def read_table(name: str, content: bytes) -> Table:
    """Raises Invalid where the file as a whole cannot be read."""
    _refuse_binary(name, content)
    text, encoding = _decoded(name, content)
    delimiter = _delimiter(text)
    if text.count(delimiter) > MOST_CELLS:
        raise Invalid(TOO_MANY_CELLS, field="file", file=name)
    return table_of(name, encoding, delimiter, [Line(*row) for row in _rows(name, text, delimiter)])


def table_of(name: str, encoding: str, delimiter: str, lines: list[Line]) -> Table:
    """The first line that holds anything has the headings."""
    filled = [line for line in lines if any(cell.strip() for cell in line.cells)]
    if not filled:
        raise Invalid(EMPTY, field="file", file=name)
    headings = [cell.strip() for cell in filled[0].cells]
    if len(headings) > MOST_COLUMNS or any(_CONTROL.search(heading) for heading in headings):
        raise Invalid(NOT_TEXT, field="file", file=name)
    blank = sum(1 for line in lines if line.cells) - len(filled)
    return Table(name, encoding, delimiter, headings, filled[1:], blank)


def _refuse_binary(name: str, content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise Invalid(TOO_BIG, field="file", file=name)
    if not content:
        raise Invalid(EMPTY, field="file", file=name)
    if content.startswith(_OLD_WORKBOOK):
        raise Invalid(WORKBOOK, field="file", file=name)
    if content.startswith(_BINARY):
        raise Invalid(NOT_TEXT, field="file", file=name)


def _decoded(name: str, content: bytes) -> tuple[str, str]:
    marked = next((encoding for bom, encoding in _BOMS if content.startswith(bom)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise Invalid(ENCODING, field="file", file=name)


def _delimiter(text: str) -> str:
    """The most frequent of tab, comma and semicolon in the headings, outside of quotation marks."""
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    bare = _QUOTED.sub("", first)
    return max("\t,;", key=bare.count)


def _rows(name: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    # The last line tells whether a quotation mark is still open at the end: then it does not stand alone.
    ended = text if text.endswith(("\n", "\r")) else text + "\n"
    lines = chain(io.StringIO(ended, newline=""), [_LAST])
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    for number, cells in enumerate(reader, start=1):
        if cells == [_LAST]:
            return
        if number > MOST_ROWS + 1:
            raise Invalid(TOO_MANY_ROWS, field="file", file=name)
        if cells and cells[-1].endswith(_LAST):
            raise Invalid(OPEN_QUOTE, field="file", file=name, row=number)
        yield number, cells
