"""Keep the tables of docs/ true: each requirement, failure and abuse case names a test that cites its number."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
ROWS = [
    row
    for page in ("requirements", "failures", "abuse")
    for row in re.findall(
        r"^\| ([RF]\d+|[A-Z]+-\d{3}) \|.* (test_\w+) \| (\S+) \|$", (HOME / f"docs/{page}.md").read_text(), re.MULTILINE
    )
]

FIRST_EVENING = (
    "R1 R2 R3 R4 R5 R6 R8 R9 R10 R11 R12 R13 R14 R15 R16 R18 R19 R20 R21 R22 R23 R24 R25 R26 R27 R28 R29 R30 R31 R32 "
    "R37 R43 R44 R45 R46 R47 R48 R54 R60 R62 R64 R72 R73 R75 R76 R77 R78 R86 R100"
).split()


ABUSE = {
    "OAUTH": "002 003 005 006 008 009 011 012 014 015 017 018 020 021 023 024 026 027 029 030",
    "HOOK": "002 003 005 006 008 009 011 012 014 015 017 018 020 021 023 024 026 027",
    "PROV": "001 002 004 005 007 008 010 011 013 014 016 017 019 020 022 023 025 026",
    "MACRO": "001 003 004 006 007 009 010 012 013 015 016 018 019 021 022 024 025 027 028",
    "ICS": "002 003 005 006 008 009 011 012 014 015 017 020 021 023 024",
    "BOOK": "001 002 004 005 007 008 010 011 013 014 016 017 019 020 022 023 025 026 028 029 031 032 034 035 037 038 "
    "040 041 043 044 046 047 049 050 052 053 055",
    "OPS": "002 003 005 006 008 009 011 012 014 015 017 018",
}
"""The rows of the catalogue, of the groups that are built."""


@cache
def docstrings(path: str) -> dict[str, str]:
    tree = ast.parse((HOME / path).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {function.name: ast.get_docstring(function) or "" for function in functions}


@pytest.mark.parametrize(("number", "name", "path"), ROWS, ids=[f"{number}-{name}" for number, name, _ in ROWS])
def test_each_row_names_a_test_that_cites_the_requirement(number: str, name: str, path: str) -> None:
    known = docstrings(path)

    assert name in known, f"{path} has no {name}"
    assert re.search(rf"\b{number}\b", known[name]), f"{name} does not cite {number}"


def test_everything_that_the_first_evening_promises_is_proved() -> None:
    assert set(FIRST_EVENING) <= {number for number, _, _ in ROWS}


def test_every_failure_seen_in_the_field_has_its_test_or_does_not_apply() -> None:
    """F1 to F33"""
    assert {f"F{n}" for n in range(1, 34)} <= answered("failures")


@pytest.mark.parametrize("group", ABUSE)
def test_every_abuse_case_of_a_group_that_is_built_has_its_test_or_does_not_apply(group: str) -> None:
    assert {f"{group}-{number}" for number in ABUSE[group].split()} <= answered("abuse")


def answered(page: str) -> set[str]:
    """What a test cites, or the page says does not apply."""
    left_out = (HOME / f"docs/{page}.md").read_text().partition("## Not applicable")[2]
    return {number for number, _, _ in ROWS} | set(re.findall(r"\b(?:F\d+|[A-Z]+-\d{3})\b", left_out))
