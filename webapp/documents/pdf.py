"""Lay a list out as a PDF for paper: any length, names in any direction of writing, no letter as an empty box."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from webapp.documents.letters import lacks_letters, width_of
from webapp.documents.lines import draw_line, drawable, shown, wrapped
from webapp.documents.sheet import Sheet
from webapp.i18n import gettext, language

SIZE, LEADING = 7.0, 9.0
MARGIN, PAD, TITLE, FOOT = 30.0, 3.0, 46.0, 20.0
WIDTH, HEIGHT = landscape(A4)
MOST_LINES = 12
"""Of one cell; what is longer ends in three dots, so that no row is longer than a page."""
MOST_NOTES = 3
"""Lines of notes beneath the title."""

Lines = tuple[str, ...]


@dataclass(frozen=True)
class _Layout:
    """The notes, widths of the columns in points, the headings, and the rows of each page, all in lines."""

    notes: Lines
    widths: tuple[float, ...]
    heads: tuple[Lines, ...]
    pages: tuple[tuple[tuple[Lines, ...], ...], ...]
    lacks_letters: bool


def pdf_of(sheet: Sheet) -> bytes:
    """The same list gives the same file. Letters that no bundled font has stand as `?`, and a note says so."""
    layout = _layout(sheet)
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=(WIDTH, HEIGHT), invariant=1, lang=language())
    canvas.setTitle(shown(sheet.title))
    for number, rows in enumerate(layout.pages, start=1):
        _draw_page(canvas, sheet, layout, rows, number)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def _layout(sheet: Sheet) -> _Layout:
    rows = [[drawable(cell) for cell in row] for row in sheet.rows]
    heads = [drawable(head) for head in sheet.heads]
    widths = _widths(heads, rows)
    lines = [_lines_of(row, widths) for row in rows]
    top = _lines_of(heads, widths)
    notes = _wrapped(drawable(" · ".join(sheet.notes)), WIDTH - 2 * MARGIN - 2 * PAD, MOST_NOTES)
    pages = tuple(_pages(lines, HEIGHT - 2 * MARGIN - _title_height(notes) - FOOT - _height(top)))
    said = (sheet.title, *sheet.notes, *sheet.heads, *(cell for row in sheet.rows for cell in row))
    return _Layout(notes, widths, top, pages, any(map(lacks_letters, said)))


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """As wide as the widest cell, up to a fifth of the paper; all of it is used and no more. Where that is too little,
    words of usual length stay whole, and the wider columns share what is left."""
    room = WIDTH - 2 * MARGIN
    columns = [(head, *(row[n] for row in rows)) for n, head in enumerate(heads)]
    wished = [min(room / 5, max(map(_width, cells)) + 2 * PAD) for cells in columns]
    if sum(wished) <= room:
        return tuple(room * wish / sum(wished) for wish in wished)
    words = [max(_width(word) for cell in cells for word in cell.split(" ")) + 2 * PAD for cells in columns]
    least = [min(wish, word, room / max(10, len(heads))) for wish, word in zip(wished, words, strict=True)]
    left, more = room - sum(least), sum(wished) - sum(least)
    return tuple(own + left * (wish - own) / more for own, wish in zip(least, wished, strict=True))


def _lines_of(row: Sequence[str], widths: Sequence[float]) -> tuple[Lines, ...]:
    return tuple(_wrapped(cell, width - 2 * PAD) for cell, width in zip(row, widths, strict=True))


def _wrapped(text: str, width: float, most: int = MOST_LINES) -> Lines:
    lines = wrapped(text, width, SIZE)
    return (*lines[:most], "…") if len(lines) > most else tuple(lines)


def _pages(rows: Sequence[tuple[Lines, ...]], room: float) -> Iterator[tuple[tuple[Lines, ...], ...]]:
    page: list[tuple[Lines, ...]] = []
    left = room
    for row in rows:
        if page and _height(row) > left:
            yield tuple(page)
            page, left = [], room
        page.append(row)
        left -= _height(row)
    yield tuple(page)


def _draw_page(canvas: Any, sheet: Sheet, layout: _Layout, rows: Sequence[tuple[Lines, ...]], number: int) -> None:
    y = HEIGHT - MARGIN
    draw_line(canvas, drawable(sheet.title), MARGIN + PAD, y - 2 * SIZE, size=2 * SIZE)
    for n, line in enumerate(layout.notes, start=1):
        draw_line(canvas, line, MARGIN + PAD, y - 2 * SIZE - n * LEADING - 4, size=SIZE)
    y -= _title_height(layout.notes)
    canvas.setFillGray(0.9)
    canvas.rect(MARGIN, y - _height(layout.heads), WIDTH - 2 * MARGIN, _height(layout.heads), stroke=0, fill=1)
    canvas.setFillGray(0)
    for row in (layout.heads, *rows):
        _draw_row(canvas, row, layout.widths, y)
        y -= _height(row)
    _draw_foot(canvas, layout, number)


def _draw_row(canvas: Any, row: tuple[Lines, ...], widths: Sequence[float], y: float) -> None:
    x = MARGIN
    for lines, width in zip(row, widths, strict=True):
        for n, line in enumerate(lines, start=1):
            draw_line(canvas, line, x + PAD, y - n * LEADING, size=SIZE)
        x += width
    canvas.setStrokeGray(0.75)
    canvas.line(MARGIN, y - _height(row), WIDTH - MARGIN, y - _height(row))


def _draw_foot(canvas: Any, layout: _Layout, number: int) -> None:
    page = gettext("Page %(page)s of %(pages)s", page=number, pages=len(layout.pages))
    draw_line(canvas, page, WIDTH - MARGIN - _width(page), MARGIN, size=SIZE)
    if layout.lacks_letters:
        note = gettext("Letters that cannot be printed here stand as “?”. The CSV has them.")
        draw_line(canvas, note, MARGIN + PAD, MARGIN, size=SIZE)


def _title_height(notes: Lines) -> float:
    """With its first line of notes the title is as high as `TITLE`."""
    return TITLE + (len(notes) - 1) * LEADING


def _height(row: Sequence[Lines]) -> float:
    return max(len(lines) for lines in row) * LEADING + PAD + 1


def _width(text: str) -> float:
    return width_of(text, SIZE)
