"""Write a list as an Excel workbook in which every cell is text, so that none of them is a formula."""

import io
import re

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from webapp.documents.sheet import Sheet

MOST_LETTERS = 32_767
"""Of one cell, by Excel's own limit."""

WIDEST = 48
_TITLE = re.compile(r"[\[\]:*?/\\'\x00-\x1f]+")


def xlsx_of(sheet: Sheet) -> bytes:
    """As the CSV, but that what looks like a formula comes back as it went: a text is a text here."""
    book = Workbook(write_only=True)
    page = book.create_sheet(_TITLE.sub(" ", sheet.title)[:31].strip() or None)
    page.freeze_panes = "A2"
    for number, width in enumerate(_widths(sheet), start=1):
        page.column_dimensions[get_column_letter(number)].width = width
    for row in (sheet.heads, *sheet.rows):
        page.append([_cell(page, text, is_head=row is sheet.heads) for text in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cell(page: object, text: str, *, is_head: bool) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=_plain(text))
    cell.data_type = "s"
    if is_head:
        cell.font = Font(bold=True)
    return cell


def _plain(text: str) -> str:
    """Without what no workbook can hold."""
    known = text.encode("utf-8", errors="replace").decode()
    return str(ILLEGAL_CHARACTERS_RE.sub("", known))[:MOST_LETTERS]


def _widths(sheet: Sheet) -> list[int]:
    longest = [max(map(len, column)) for column in zip(sheet.heads, *sheet.rows, strict=True)]
    return [min(letters + 2, WIDEST) for letters in longest]
