"""Check a passcode against a rule, written apart from the code that makes them."""

import re
import string

from webapp.providers.base import PasscodeRule

_ROWS = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890"]


def broken(passcode: str, rule: PasscodeRule) -> list[str]:
    """The demands that it does not meet."""
    letters = [c for c in passcode if c in string.ascii_letters]
    digits = [c for c in passcode if c in string.digits]
    findings = {
        "too long": len(passcode) > 10,
        "too short": len(passcode) < min(rule.length, 10),
        "strange character": re.fullmatch(r"[A-Za-z0-9@*_-]+", passcode) is None,
        "run": 1 < rule.consecutive_characters_length <= longest_run(passcode),
    }
    if rule.only_allow_numeric:
        findings["not numeric"] = len(digits) < len(passcode)
    else:
        findings |= {
            "no letter": rule.have_letter and not letters,
            "no number": rule.have_number and not digits,
            "no special character": rule.have_special_character and len(letters) + len(digits) == len(passcode),
            "one case": rule.have_upper_and_lower_characters and passcode in (passcode.upper(), passcode.lower()),
        }
    return [name for name, is_broken in findings.items() if is_broken]


def longest_run(text: str) -> int:
    """Of equal, rising or falling characters, or of neighbours on a keyboard, whatever their case."""
    return max(_run_at(written, start) for written in (text, text.lower()) for start in range(len(text)))


def _run_at(text: str, start: int) -> int:
    rest, longest = text[start:], 1
    for kind in (_is_equal, _is_next, lambda a, b: _is_next(b, a), _is_right_of, lambda a, b: _is_right_of(b, a)):
        n = 1
        while n < len(rest) and kind(rest[n - 1], rest[n]):
            n += 1
        longest = max(longest, n)
    return longest


def _is_equal(a: str, b: str) -> bool:
    return a == b


def _is_next(a: str, b: str) -> bool:
    return ord(b) == ord(a) + 1


def _is_right_of(a: str, b: str) -> bool:
    return any(a + b in row for row in _ROWS)
