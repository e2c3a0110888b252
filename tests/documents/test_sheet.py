"""Lists as CSV: nothing in them is a formula, and what is none comes back as it went."""

import csv
import io

import pytest

from webapp.documents.sheet import Sheet, csv_of, neutral


def sheet(*cells: str) -> Sheet:
    return Sheet("Master Schedule", (), ("Parent",), tuple((cell,) for cell in cells))


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("https://evil.example")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "  =1+1",
        "\u00a0=1+1",
        "\u200b=1+1",
        "\ufeff=1+1",
        "＝1+1",
        "-",
        "+44-20",
        "\0=1+1",
    ],
)
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    """OUT-001"""
    assert neutral(cell) == "'" + cell.replace("\0", "")


@pytest.mark.parametrize(
    "cell", ["-5", "+44 20", "-5.5", "4:00 PM", "Ana-María", "a=b", "", 'O\'Neil, "Bo"\nx', "李雷"]
)
def test_what_is_no_formula_comes_back_as_it_went(cell: str) -> None:
    """OUT-002"""
    written = csv_of(sheet(cell, "last"))

    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))

    assert rows == [["Parent"], [cell], ["last"]]


def test_excel_is_told_that_it_is_unicode() -> None:
    assert csv_of(sheet("Zoë")).startswith(b"\xef\xbb\xbf")
    assert "Zoë".encode() in csv_of(sheet("Zoë"))


def test_half_a_character_does_no_harm() -> None:
    assert b"?" in csv_of(sheet("\ud800"))
