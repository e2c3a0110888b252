"""Set lines of text on paper: names in any direction of writing, wrapped to a width, no letter as an empty box."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import arabic_reshaper
from xhtml2pdf.bidi import get_display, needs_bidi

from webapp.documents.letters import font, runs, width_of

# Of the letters that Arabic joins into one sign, the fonts lack this one of a frequent name.
_RESHAPER = arabic_reshaper.ArabicReshaper({"ARABIC LIGATURE ALLAH": False})


def shown(text: str) -> str:
    """The text as one line is drawn: Arabic letters joined, right-to-left runs turned, no invisible controls."""
    letters = "".join(letter for letter in text if unicodedata.category(letter) not in {"Cc", "Cf", "Cs"})
    return str(get_display(_RESHAPER.reshape(letters), None)) if needs_bidi(letters) else letters


def drawable(text: str) -> str:
    """On one line, with a question mark for what no font has."""
    return "".join(part for _, part in runs(" ".join(text.split())))


def draw_line(canvas: Any, line: str, x: float, y: float, *, size: float) -> None:
    for name, part in runs(shown(line)):
        canvas.setFont(font(name).fontName, size)
        canvas.drawString(x, y, part)
        x += width_of(part, size)


def wrapped(text: str, width: float, size: float) -> list[str]:
    """A word that is wider than that is broken."""
    if width_of(text, size) <= width:
        return [text]
    lines, line = [], ""
    for part in (part for word in text.split(" ") for part in _broken(word, width, size)):
        if line and width_of(f"{line} {part}", size) > width:
            lines.append(line)
            line = part
        else:
            line = f"{line} {part}".strip()
    return [*lines, line]


def _broken(word: str, width: float, size: float) -> Iterator[str]:
    """A word that is wider than its column, such as a link, in parts that are not."""
    part = ""
    for letter in word:
        if part and width_of(part + letter, size) > width:
            yield part
            part = ""
        part += letter
    yield part
