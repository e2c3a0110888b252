"""Lists as Excel workbooks: every cell is a text, and comes back as it went."""

import io

import pytest
from openpyxl import load_workbook

from webapp.documents.sheet import Sheet
from webapp.documents.workbook import MOST_LETTERS, xlsx_of


def read(*cells: str, title: str = "Master Schedule") -> list[tuple[str, str | None]]:
    """Type and value of each cell of the column."""
    book = load_workbook(io.BytesIO(xlsx_of(Sheet(title, (), ("Parent",), tuple((cell,) for cell in cells)))))
    [page] = book.worksheets
    return [(row[0].data_type, row[0].value) for row in page.iter_rows(min_row=2)]


@pytest.mark.parametrize(
    "cell", ['=HYPERLINK("https://evil.example","x")', "=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "|x"]
)
def test_what_looks_like_a_formula_is_text(cell: str) -> None:
    """OUT-001"""
    assert read(cell) == [("s", cell)]


@pytest.mark.parametrize("cell", ["-5", "+44 20", "007", "1/2", "TRUE", "Zoë", "李雷", "عبد الله", "a\nb", "🙂"])
def test_what_is_no_formula_comes_back_as_it_went(cell: str) -> None:
    """OUT-002"""
    assert read(cell) == [("s", cell)]


def test_what_a_workbook_cannot_hold_is_left_out_and_does_no_harm() -> None:
    assert read("a\0b\x0bc\ud800", "x" * (MOST_LETTERS + 9)) == [("s", "abc?"), ("s", "x" * MOST_LETTERS)]


@pytest.mark.parametrize("title", ["a/b[c]:d*e?f\\g", "x" * 60, "", "'", "Teachers’ Schedule"])
def test_any_title_makes_a_sheet(title: str) -> None:
    assert read("Zoë", title=title) == [("s", "Zoë")]


def test_an_empty_list_has_its_headings() -> None:
    assert read() == []
