"""Make passcodes that a host's rule accepts at the first try."""

import secrets
import string
from itertools import pairwise

from webapp.providers.base import PasscodeRule

LONGEST = 10
_USUAL_LENGTH = 8
_USUAL_RUN = 4
# Families type them: what looks like another character is left out.
_LOWER = "".join(c for c in string.ascii_lowercase if c not in "lo")
_UPPER = "".join(c for c in string.ascii_uppercase if c not in "IO")
_DIGITS = "23456789"
_SPECIAL = "@-_*"
"""What Zoom allows both when a meeting is made and when it is changed."""
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")

_chance = secrets.SystemRandom()


def make_passcode(rule: PasscodeRule) -> str:
    """Letters and digits where the rule leaves it free, digits only where it says so, at most 10 characters."""
    while has_run(passcode := _draw(rule), _shortest_run(rule)):
        pass
    return passcode


def has_run(text: str, length: int) -> bool:
    """Whether `length` characters in a row are equal, rising, falling, or neighbours on the keyboard."""
    windows = (text[i : i + length] for i in range(len(text) - length + 1))
    return any(_is_run(window) or _is_run(window.lower()) for window in windows)


def _shortest_run(rule: PasscodeRule) -> int:
    n = rule.consecutive_characters_length
    return max(2, min(n, _USUAL_RUN)) if n > 0 else _USUAL_RUN


def _draw(rule: PasscodeRule) -> str:
    length = min(max(rule.length, _USUAL_LENGTH), LONGEST)
    if rule.only_allow_numeric:
        return "".join(_chance.choices(string.digits, k=length))
    needed = [_LOWER, _DIGITS]
    if rule.have_upper_and_lower_characters:
        needed.append(_UPPER)
    if rule.have_special_character:
        needed.append(_SPECIAL)
    free = _LOWER + _DIGITS + (_UPPER if rule.have_upper_and_lower_characters else "")
    drawn = [_chance.choice(some) for some in needed] + _chance.choices(free, k=length - len(needed))
    _chance.shuffle(drawn)
    return "".join(drawn)


def _is_run(window: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(window)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        return True
    return any(window in row or window[::-1] in row for row in _KEYBOARD)
