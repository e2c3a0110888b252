"""Know which letters the bundled fonts have, so that no name is printed as empty boxes."""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# Files in which fonts and pictures are text are larger by a quarter, and take longer to write.
rl_config.useA85 = 0

FONTS = Path(__file__).parent / "fonts"
DEJAVU, DROID = "DejaVu Sans", "Droid Sans Fallback"
UNKNOWN = "?"
_FILES = {DEJAVU: "dejavu@2.37/DejaVuSans.ttf", DROID: "droid-fallback@6.0/DroidSansFallbackFull.ttf"}
"""Latin, Greek, Cyrillic, Arabic and Hebrew; Chinese and Japanese."""


@cache
def font(name: str) -> Any:
    loaded = TTFont(name, str(FONTS / _FILES[name]))
    pdfmetrics.registerFont(loaded)
    return loaded


def runs(text: str) -> Iterator[tuple[str, str]]:
    """Fonts, and the parts of the text that each of them draws; what none has stands as `?`."""
    composed = unicodedata.normalize("NFC", text)
    drawn = [(_font_of(letter), letter) for letter in composed if not _is_unseen(letter)]
    for name, letters in groupby(drawn, key=lambda one: one[0]):
        yield name or DEJAVU, "".join(letter if name else UNKNOWN for _, letter in letters)


def width_of(text: str, size: float) -> float:
    """In points, as `runs` draws it."""
    return sum(map(_breadth, text)) * size / 1000


def lacks_letters(text: str) -> bool:
    return any(_font_of(letter) is None for letter in unicodedata.normalize("NFC", text) if not _is_unseen(letter))


@lru_cache(maxsize=4096)
def _breadth(letter: str) -> float:
    drawn_in = font(_font_of(letter) or DEJAVU).face
    return float(drawn_in.charWidths.get(ord(letter), drawn_in.defaultWidth))


@lru_cache(maxsize=4096)
def _font_of(letter: str) -> str | None:
    """None where no font has the letter."""
    return next((name for name in _FILES if ord(letter) in font(name).face.charToGlyph), None)


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs"} and letter != "\n"
