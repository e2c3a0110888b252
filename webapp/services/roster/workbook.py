"""Make rows of text out of an Excel workbook, within bounds, each cell as it was typed; a sheet is like a file."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import CellCoordinatesException, IllegalCharacterError, InvalidFileException

from webapp.errors import N_, Invalid
from webapp.services.roster.read_files import EMPTY, MOST_ROWS, TOO_MANY_ROWS, Line, Table, table_of
from webapp.services.roster.upload import BROKEN_ZIP, MOST_BYTES, TOO_BIG

MOST_CELLS = 1_000_000
MOST_SHEETS = 50
LAST_ROW = 1_048_576
"""Of any sheet; a file that names a later one was not written by a spreadsheet."""

TOO_MANY_CELLS = N_("%(file)s has more than a million cells. Delete what is not needed, or save it as CSV UTF-8.")
TOO_MANY_SHEETS = N_("%(file)s has more than 50 sheets. Keep those with the roster.")
BROKEN = N_("%(file)s cannot be read as a workbook. Open it in the spreadsheet and save it again as .xlsx.")

ENCODING = "Excel"

_WRONG = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError),
    *(TypeError, ValueError, re.error, zipfile.BadZipFile),
    *(CellCoordinatesException, IllegalCharacterError, InvalidFileException),
)
"""What openpyxl raises for damaged and made-up workbooks; entities and document types are ValueErrors of defusedxml."""


def read_workbook(name: str, content: bytes) -> list[Table]:
    """One table for each visible sheet that holds something. Raises Invalid where the workbook cannot be read."""
    _refuse_large(name, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl does not keep, which nobody wants to keep
            return _tables(name, content)
    except _WRONG as error:
        raise Invalid(BROKEN, field="file", file=name) from error


def _refuse_large(name: str, content: bytes) -> None:
    """Reading cells is slow, counting them is quick. No more of an entry is read than the archive says that it has."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise Invalid(TOO_BIG, field="file", file=name)
            parts = [archive.read(entry) for entry in archive.infolist() if "/worksheets/" in entry.filename]
    except _WRONG as error:
        raise Invalid(BROKEN_ZIP, field="file", file=name) from error
    if any(part.count(b"</row>") > MOST_ROWS + 1 for part in parts):
        raise Invalid(TOO_MANY_ROWS, field="file", file=name)
    if sum(part.count(b"<c ") for part in parts) > MOST_CELLS:
        raise Invalid(TOO_MANY_CELLS, field="file", file=name)


def _tables(name: str, content: bytes) -> list[Table]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if len(sheets) > MOST_SHEETS:
        raise Invalid(TOO_MANY_SHEETS, field="file", file=name)
    room = MOST_CELLS
    found: list[tuple[str, list[Line]]] = []
    for sheet in sheets:
        lines = list(_lines(name, sheet, room))
        room -= sum(len(line.cells) for line in lines)
        if any(cell for line in lines for cell in line.cells):
            found.append((sheet.title, lines))
    if not found:
        raise Invalid(EMPTY, field="file", file=name)
    return [table_of(_label(name, title, found), ENCODING, "", lines) for title, lines in found]


def _label(name: str, title: str, found: list[tuple[str, list[Line]]]) -> str:
    """Of several sheets each is a file in a folder: what it holds may be told by its title."""
    return name if len(found) == 1 else f"{name}/{''.join(letter for letter in title if letter.isprintable())}"


def _lines(name: str, sheet: Any, room: int) -> Iterator[Line]:
    """Rows that hold something, or at least cells."""
    sheet.reset_dimensions()  # the size that a sheet states is whoever's word
    filled = 0
    for number, row in enumerate(sheet.iter_rows(max_row=LAST_ROW), start=1):
        room -= len(row)
        if room < 0:
            raise Invalid(TOO_MANY_CELLS, field="file", file=name)
        cells = [_text(cell) for cell in row]
        filled += any(cells)
        if filled > MOST_ROWS + 1:
            raise Invalid(TOO_MANY_ROWS, field="file", file=name)
        if cells:
            yield Line(number, cells)


def _text(cell: Any) -> str:
    """What a person sees in the cell; nothing for an error such as #N/A, which stands for no value."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    return _moment(value, cell.number_format)


def _number(value: float, shown: str) -> str:
    """An ID is no quantity: no exponent, no .0, and the zeros before it where the format 00000 shows them."""
    if value != int(value):
        return f"{value:.15g}"
    digits = str(int(value))
    return digits.zfill(len(shown)) if re.fullmatch("0+", shown) else digits


def _moment(value: date | time | timedelta, shown: str) -> str:
    """A date in the order that its format names; the format that follows each computer's own order says none."""
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, timedelta):
        return str(value)
    day = _day(value, shown)
    if isinstance(value, datetime) and value.time() != time():
        return f"{day} {value.time().isoformat('minutes')}"
    return day


_OF_THE_COMPUTER = "mm-dd-yy"
"""openpyxl's name for Excel's format 14, which shows 5/4/2016 here and 04.05.2016 there."""


def _day(value: date, shown: str) -> str:
    bare = re.sub(r'\[[^\]]*\]|\\|"|;.*', "", shown.lower())
    order = re.fullmatch(r"(y+|m{1,2}|d{1,2})([/.\- ]+)(y+|m{1,2}|d{1,2})\2(y+|m{1,2}|d{1,2})", bare)
    if order is None or bare == _OF_THE_COMPUTER:
        return value.isoformat()[:10]
    parts = {"y": f"{value.year:04}", "m": str(value.month), "d": str(value.day)}
    return order[2].join(parts[token[0]].zfill(len(token)) for token in order.group(1, 3, 4))
