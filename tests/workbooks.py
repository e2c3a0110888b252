"""Write Excel workbooks for tests: sheets of cells, and the same file taken apart and put together wrongly."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def workbook(formats: Mapping[str, str] | None = None, /, **sheets: Sequence[Sequence[Any]]) -> bytes:
    """`formats` gives cells of the first sheet their number format: {"A2": "00000"}."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for place, shown in (formats or {}).items():
        book.worksheets[0][place].number_format = shown
    return saved(book)


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def tampered(content: bytes, part: str, pattern: str, text: str) -> bytes:
    """With the first match of the pattern in a part of the archive replaced."""
    parts = _parts(content)
    parts[part], n = re.subn(pattern, lambda _: text, parts[part], count=1)
    assert n, f"{pattern} is not in {part}"
    return _together(parts)


def with_shared_strings(content: bytes, *texts: str) -> bytes:
    """As Excel itself writes: the first text cells of the first sheet point to a table of texts."""
    parts = _parts(content)
    for n in range(len(texts)):
        cell = f't="s"><v>{n}</v></c>'
        parts[SHEET] = re.sub(r't="inlineStr"><is>.*?</is></c>', cell, parts[SHEET], count=1)
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    parts[STRINGS] = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{items}</sst>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/{STRINGS}" ContentType="{kind}"/></Types>'
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace("</Types>", override)
    return _together(parts)


def _parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def _together(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()
