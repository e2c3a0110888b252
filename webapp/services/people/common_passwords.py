"""Know the passwords that are tried first: common words and runs, whatever is put around or between them."""

import re

_WORDS = """
    password passwort passphrase welcome qwerty qwertz azerty asdfgh letmein iloveyou sunshine princess football
    baseball basketball superman batman dragon monkey shadow master michael jordan charlie computer internet
    administrator admin administration secret changeme default login trustno school teacher conference conferences
    parent student classroom education confab summer winter spring autumn january february march april june july
    august september october november december monday tuesday wednesday thursday friday saturday sunday abc test
    testing temporary temp hello freedom whatever starwars pokemon correcthorsebatterystaple
""".split()
_RUNS = ("0123456789012345678901234567890", "9876543210987654321098765432109", "abcdefghijklmnopqrstuvwxyz")
_ROWS = ("qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm")
_LOOKALIKES = str.maketrans("@4301$5!7", "aaeoissit")
_LONGEST_FIRST = re.compile("|".join(sorted(_WORDS, key=len, reverse=True)))
_FEWEST_LEFT = 6
"""Characters beside common words, with which a password is one of its own."""


def is_common(password: str, *, email: str = "") -> bool:
    """Whether little is left of it without common words, runs of the keyboard and the name in one's own address."""
    plain = password.casefold()
    if len(set(plain)) < 5 or any(plain in run * 2 for run in (*_RUNS, *_ROWS)):
        return True
    names = [part for part in re.split(r"[^a-z]+", email.casefold()) if len(part) >= 4]
    return any(_left(form, names) < _FEWEST_LEFT for form in (plain, plain.translate(_LOOKALIKES)))


def _left(text: str, names: list[str]) -> int:
    """How many different letters and digits remain; digits and marks put around do not count."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    for name in names:
        core = core.replace(name, "")
    return len(set(re.sub(r"[\W_]", "", _LONGEST_FIRST.sub("", core))))
