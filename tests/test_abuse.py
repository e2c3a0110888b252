"""Every abuse row has a test that names it, or a reason why there is none."""

import csv
import re
from functools import cache
from pathlib import Path

import pytest
from contracts import contracts_folder

HOME = Path(__file__).parent

WAITING = {
    "BOOK-047": "no time begins in an hour that comes twice: it is refused, by its name, where times are made",
    "BOOK-053": "nobody books with an address that they have not proved",
    "URL-004": "families sign in; there are no links that manage a booking without it yet",
    "URL-025": "exports are made when they are asked for, and no file of them is kept that an id could name",
    "LOGIN-023": "there is no TOTP: what is proved a second time is proved by the password or a mailed code",
    "LOGIN-024": "there is no TOTP, and so no code to recover it",
    "ADMIN-006": "the mail server is a setting of the operator, and no page or request names one",
    "ADMIN-026": "there is no erasure with a report; who has coming appointments is not deleted before they are gone",
    "OUT-017": "nobody reads the bounces yet: the operator's own mailbox gets them",
}


def test_every_row_has_a_test() -> None:
    """RELIABILITY B14"""
    missing = [row for row in abuse_rows() if row not in bound() | WAITING.keys()]

    assert not missing, f"no test names {', '.join(missing)}: put the id into the docstring of the test that shows it"


def test_no_row_waits_that_has_a_test() -> None:
    assert not WAITING.keys() & bound()
    assert set(abuse_rows()) >= WAITING.keys()


def abuse_rows() -> list[str]:
    """Beside the folder of published descriptions; the test is skipped where that is missing."""
    path = contracts_folder().parent / "abuse-cases.csv"
    if not path.is_file():
        pytest.skip("abuse-cases.csv is missing beside the folder of CONFAB_CONTRACTS")
    with path.open(encoding="utf-8", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


@cache
def bound() -> set[str]:
    """The ids that stand in tests, one by one or as `URL-009 to URL-018`."""
    texts = [path.read_text(encoding="utf-8") for path in HOME.rglob("test_*.py") if path.name != "test_abuse.py"]
    text = "\n".join(texts)
    ids = set(re.findall(r"\b[A-Z]+-\d{3}\b", text))
    for group, first, last in re.findall(r"\b([A-Z]+)-(\d{3}) to \1-(\d{3})\b", text):
        ids |= {f"{group}-{number:03}" for number in range(int(first), int(last) + 1)}
    return ids
