"""Write a list as CSV that Excel opens with its accents, and in which no cell is a formula."""

import csv
import io
import re
from dataclasses import dataclass

FORMULA_BEGINS = tuple("=+-@\t\r\n＝＋－＠|%")
_NUMBER = re.compile(r"[+-]?\d[\d ]*(?:[.,]\d+)?")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@dataclass(frozen=True)
class Sheet:
    """`notes` say what it is a list of; they are for readers and no part of the CSV."""

    title: str
    notes: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def csv_of(sheet: Sheet) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([neutral(head) for head in sheet.heads])
    writer.writerows([neutral(cell) for cell in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig", errors="replace")


def neutral(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet could take it for a formula. Mere numbers, such as -5
    and +44 20, stay as they are: they mean nothing else, and come back from a spreadsheet as they went."""
    cell = cell.replace("\0", "")
    begins = cell.lstrip(" \u00a0" + _INVISIBLE)
    is_formula = begins.startswith(FORMULA_BEGINS) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell
