"""Share the small types of the event forms: one line of text, a wall-clock time, a blank that means nothing."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from webapp.errors import N_
from webapp.services.people.folding import is_visible

NOT_ONE_LINE = N_("Use one line of text, without invisible characters.")
NOT_PLAIN = N_("This text holds an invisible character that cannot be kept. Type it anew.")
NOT_A_TIME = N_("Enter a time such as 16:30.")
_BREAKS = re.compile(r"[\r\n\t]")


def _one_line(text: str) -> str:
    spaced = _with_plain_spaces(text)
    if not is_visible(spaced):
        raise ValueError(NOT_ONE_LINE)
    return spaced


def _plain(text: str) -> str:
    """With the line breaks that are stored: browsers send two characters for one."""
    spaced = _with_plain_spaces(text.replace("\r\n", "\n"))
    if not all(is_visible(part) for part in _BREAKS.split(spaced)):
        raise ValueError(NOT_PLAIN)
    return spaced


def _with_plain_spaces(text: str) -> str:
    """Word processors and web pages write spaces of other widths, and such as keep words on one line."""
    return "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in text)


def _wall_time(text: str) -> str:
    hours, colon, minutes = text.partition(":")
    is_digits = text.isascii() and hours.isdigit() and minutes.isdigit() and bool(colon)
    if not is_digits or len(text) != 5 or len(minutes) != 2 or int(hours) > 23 or int(minutes) > 59:
        raise ValueError(NOT_A_TIME)
    return text


def _to_five(wall_time: str) -> str:
    """Browsers may ignore a field's step; the last of a day is 23:55."""
    minutes = min((minutes_of(wall_time) + 2) // 5 * 5, 24 * 60 - 5)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _none_for_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Line = Annotated[str, AfterValidator(_one_line)]
Paragraphs = Annotated[str, AfterValidator(_plain)]
WallTime = Annotated[str, AfterValidator(_wall_time)]
"""`16:30`, kept as text: such times sort and compare as they stand."""
RoundTime = Annotated[WallTime, AfterValidator(_to_five)]
"""The same, rounded to five minutes (DESIGN 6); whoever typed it is told."""
LARGEST_ID = 2147483647
"""What the columns of ids hold, on both databases."""
blank_is_none = BeforeValidator(_none_for_blank)


def minutes_of(wall_time: str) -> int:
    """Minutes since midnight."""
    return int(wall_time[:2]) * 60 + int(wall_time[3:])
