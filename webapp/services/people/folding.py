"""Find people whatever the case and accents of what is typed, and know what names are written with."""

import re
import unicodedata

_JOINERS = re.compile("(?<=\\S)[\u200c\u200d](?=\\S)")
"""Within a word they say how its letters join, in Persian and in scripts of India, and make one emoji of several;
elsewhere they are nothing."""


def folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", _JOINERS.sub("", text.casefold()))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def is_visible(text: str) -> bool:
    """Whether a name, or another line, holds nothing that cannot be seen, nor a line break."""
    return _JOINERS.sub("", text).isprintable()


def holds(text: str, search: str) -> bool:
    """Every word somewhere in the text."""
    return all(word in folded(text) for word in folded(search).split())
