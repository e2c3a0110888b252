"""Print slips to tear off, eight on a page: each gives one family the code by which it claims its child."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import segno
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from webapp.documents.letters import lacks_letters, width_of
from webapp.documents.lines import draw_line, drawable, shown, wrapped
from webapp.i18n import direction, gettext, language, speaking

WIDTH, HEIGHT = A4
COLUMNS, ROWS = 2, 4
BROAD, HIGH = WIDTH / COLUMNS, HEIGHT / ROWS
MARGIN, PICTURE = 26.0, 74.0
ROOM, BESIDE = BROAD - 2 * MARGIN, BROAD - 2 * MARGIN - PICTURE - 8
OWN = 102.0
"""Points from the top for the school and what is the family's own; below stands what to do with it."""

SHARED = "shared"
SMALL, PLAIN, LARGE, CODE = 7.5, 9.0, 13.0, 19.0


@dataclass(frozen=True)
class Slip:
    name: str
    grade: str
    code: str


@dataclass(frozen=True)
class Slips:
    """`page` is the school's address, which each slip says and has as a picture to scan: the code is in neither."""

    slips: Sequence[Slip]
    school: str
    page: str
    language: str = "en"


def slips_pdf(wanted: Slips) -> bytes:
    with speaking(wanted.language):
        return _drawn(wanted)


def _drawn(wanted: Slips) -> bytes:
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=A4, invariant=1, lang=language())
    canvas.setTitle(gettext("Codes for families"))
    _keep_what_all_share(canvas, wanted.school, wanted.page)
    for first in range(0, len(wanted.slips), COLUMNS * ROWS):
        _draw_cuts(canvas)
        for n, slip in enumerate(wanted.slips[first : first + COLUMNS * ROWS]):
            row, column = divmod(n, COLUMNS)
            canvas.saveState()
            canvas.translate(column * BROAD, HEIGHT - (row + 1) * HIGH)
            canvas.doForm(SHARED)
            _draw_own(canvas, slip)
            canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def _keep_what_all_share(canvas: Any, school: str, page: str) -> None:
    """Drawn once and shown on each slip."""
    said = gettext("Open the address, choose the event and sign in with your email. Then type this code there.")
    whose = gettext("For the parents of this child alone. Two of them can each use it.")
    canvas.beginForm(SHARED, 0, 0, BROAD, HIGH)
    _draw_picture(canvas, page)
    _write(canvas, school, SMALL + 1, BESIDE, y=HIGH - MARGIN, most=2)
    y = HIGH - MARGIN - OWN
    for text, most in ((said, 3), (page, 2), (whose, 2)):
        y = _write(canvas, text, SMALL, ROOM, y=y, most=most)
    canvas.endForm()


def _draw_own(canvas: Any, slip: Slip) -> None:
    y = _write(canvas, slip.name, LARGE, BESIDE, y=HIGH - MARGIN - 2 * 1.3 * (SMALL + 1), most=2)
    if lacks_letters(slip.name):
        y = _write(canvas, gettext("Letters that cannot be printed here stand as “?”."), SMALL, BESIDE, y=y, most=2)
    y = _write(canvas, slip.grade, PLAIN, BESIDE, y=y, most=1)
    _write(canvas, slip.code, CODE, BESIDE, y=y, most=1)


def _write(canvas: Any, text: str, size: float, room: float, *, y: float, most: int) -> float:
    """From `y` downwards, at the side from which people read; where it ends."""
    for line in wrapped(drawable(text), room, size)[:most] if text else ():
        y -= size * 1.3
        x = BROAD - MARGIN - width_of(shown(line), size) if direction() == "rtl" else MARGIN
        draw_line(canvas, line, x, y, size=size)
    return y - 2


def _draw_picture(canvas: Any, page: str) -> None:
    """At the side where reading ends."""
    rows = [list(row) for row in segno.make(page, error="m", boost_error=False).matrix]
    side = PICTURE / len(rows)
    left = MARGIN if direction() == "rtl" else BROAD - MARGIN - PICTURE
    for n, row in enumerate(rows, start=1):
        for m, is_dark in enumerate(row):
            if is_dark:
                canvas.rect(left + m * side, HIGH - MARGIN - n * side, side, side, stroke=0, fill=1)


def _draw_cuts(canvas: Any) -> None:
    canvas.saveState()
    canvas.setStrokeGray(0.6)
    canvas.setDash(3, 3)
    for n in range(1, COLUMNS):
        canvas.line(n * BROAD, 0, n * BROAD, HEIGHT)
    for n in range(1, ROWS):
        canvas.line(0, n * HIGH, WIDTH, n * HIGH)
    canvas.restoreState()
