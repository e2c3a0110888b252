"""Hold passcodes to the account's rule, refusing with the very words that Zoom uses."""

import re
import secrets
import string
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from .answers import ZoomError, invalid

LONGEST = 10
SPECIAL = "@-_*"
_ON_UPDATE = re.compile(r"[A-Za-z0-9@_*-]*")
_ON_CREATE = re.compile(r"[!-~]*")
_REFUSAL = (
    "Password provided does not match the password requirement settings set for this account. "
    "The password must follow these rules: [{}]"
)


def check_passcode(passcode: str, rule: Mapping[str, Any], *, updating: bool = False) -> None:
    """Raises ZoomError 300: updates allow fewer characters than creating does."""
    allowed = _ON_UPDATE if updating else _ON_CREATE
    if len(passcode) > LONGEST or not allowed.fullmatch(passcode):
        raise invalid(("password", "Invalid field."))
    broken = broken_rules(passcode, rule)
    if broken:
        raise ZoomError(400, 300, _REFUSAL.format(", ".join(broken)))


def broken_rules(passcode: str, rule: Mapping[str, Any]) -> list[str]:
    """Zoom's sentences, each ending with a full stop."""
    return [sentence for is_broken, sentence in _findings(passcode, rule) if is_broken]


def _findings(passcode: str, rule: Mapping[str, Any]) -> list[tuple[bool, str]]:
    length, run = rule.get("length", 0), rule.get("consecutive_characters_length", 0)
    short = (len(passcode) < length, f"Password must be at least {length} characters long.")
    runs = (run > 0 and _longest_run(passcode) >= run, f"Password must not contain {run} consecutive characters.")
    if rule.get("only_allow_numeric"):
        return [(not _is_digits(passcode), "Password must contain only numeric characters."), short, runs]
    return [
        short,
        (bool(rule.get("have_letter")) and not _any(passcode, str.isalpha), "Password must contain a letter."),
        (bool(rule.get("have_number")) and not _any(passcode, str.isdigit), "Password must contain a number."),
        (_lacks_special(passcode, rule), "Password must contain a special character."),
        (_lacks_case(passcode, rule), "Password must contain upper and lower case characters."),
        runs,
    ]


def _is_digits(passcode: str) -> bool:
    return passcode.isascii() and passcode.isdigit()


def _any(passcode: str, test: Any) -> bool:
    return any(test(letter) for letter in passcode)


def _lacks_special(passcode: str, rule: Mapping[str, Any]) -> bool:
    return bool(rule.get("have_special_character")) and passcode.isalnum()


def _lacks_case(passcode: str, rule: Mapping[str, Any]) -> bool:
    has_both = _any(passcode, str.isupper) and _any(passcode, str.islower)
    return bool(rule.get("have_upper_and_lower_characters")) and not has_both


def _longest_run(passcode: str) -> int:
    """Of equal, rising or falling characters: 1111, 1234, dcba."""
    longest = current = 1
    last_step: int | None = None
    for former, letter in pairwise(passcode):
        step = ord(letter) - ord(former)
        counts = abs(step) <= 1
        current = current + 1 if counts and step == last_step else (2 if counts else 1)
        last_step = step
        longest = max(longest, current)
    return longest


def make_passcode(rule: Mapping[str, Any]) -> str:
    """A random passcode that keeps the rule."""
    while True:
        candidate = _random_passcode(rule)
        if not broken_rules(candidate, rule):
            return candidate


def _random_passcode(rule: Mapping[str, Any]) -> str:
    length = min(max(rule.get("length", 0), 8), LONGEST)
    if rule.get("only_allow_numeric"):
        return "".join(secrets.choice(string.digits) for _ in range(length))
    alphabet = string.ascii_letters + string.digits + (SPECIAL if rule.get("have_special_character") else "")
    return "".join(secrets.choice(alphabet) for _ in range(length))
