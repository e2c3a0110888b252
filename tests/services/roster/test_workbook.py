"""A workbook is read as its cells look, sheet by sheet, and a hostile one is refused before it costs anything."""

import time
from contextlib import suppress
from datetime import date, datetime
from datetime import time as day_time
from typing import Any

import pytest
from importer import Importer
from openpyxl import Workbook
from workbooks import SHEET, STRINGS, saved, tampered, with_shared_strings, workbook

from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.services.roster import workbook as workbook_module
from webapp.services.roster.upload import open_upload
from webapp.services.roster.workbook import read_workbook

STUDENTS = [["StudentID", "First", "Last", "SecurityValue"], [1001, "José", "Álvarez", "2016-05-04"]]
TEACHERS = [["TeacherID", "First", "Last", "Email"], ["T1", "Folake", "Adeyemi", "f.adeyemi@linden.example"]]


def refusal(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read_workbook("roster.xlsx", content)
    assert refused.value.field == "file"
    return sentence(refused.value)


def cells(formats: dict[str, str], *row: Any) -> list[str]:
    """A row under headings, as it comes out."""
    [table] = read_workbook("x.xlsx", workbook(formats, Sheet=[["A", "B", "C", "D", "E", "F"], row]))
    return table.lines[0].cells


def test_numbers_come_out_as_they_were_typed() -> None:
    """No 1001.0, no 1.2E+15, and the zeros that the format shows."""
    typed = cells({"C2": "00000"}, 1001, 1001.0, 123, 1234567890123456, 12.5, 0.1 + 0.2)

    assert typed == ["1001", "1001", "00123", "1234567890123456", "12.5", "0.3"]


def test_dates_come_out_in_the_order_that_their_format_names() -> None:
    """CSV-041: a date of the computer's own order is written so that it means one day only."""
    formats = {"A2": "mm-dd-yy", "B2": "mm/dd/yyyy", "C2": "d.m.yyyy;@", "D2": "[$-409]mmm d, yyyy", "E2": "h:mm AM/PM"}
    day = date(2016, 5, 4)

    typed = cells(formats, day, day, day, day, day_time(14, 5), datetime(2026, 12, 3, 16, 30))

    assert typed == ["2016-05-04", "05/04/2016", "4.5.2016", "2016-05-04", "14:05", "2026-12-03 16:30"]


def test_texts_formulas_and_errors_come_out_as_the_sheet_shows_them() -> None:
    """A formula without a stored result says nothing, and neither does #N/A."""
    content = workbook(Sheet=[["A", "B", "C", "D"], ["0042", True, "=A2", "#N/A"]])

    [table] = read_workbook("x.xlsx", content)

    assert table.lines[0].cells == ["0042", "TRUE", "", ""]


def test_texts_are_found_in_the_table_where_excel_keeps_them() -> None:
    content = with_shared_strings(workbook(Sheet=STUDENTS), "StudentID", "First Name")

    assert read_workbook("x.xlsx", content)[0].headings == ["StudentID", "First Name", "Last", "SecurityValue"]


def test_each_sheet_is_a_file_and_hidden_or_empty_ones_are_not_read(importer: Importer) -> None:
    book = Workbook()
    book.active.title = "Students"
    for title, rows in (("Students", STUDENTS), ("Staff", TEACHERS), ("Old", STUDENTS), ("Empty", [])):
        sheet = book[title] if title in book.sheetnames else book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book["Old"].sheet_state = "hidden"

    report = importer.apply({"school.xlsx": saved(book)})

    assert [(file.name, file.kind, file.encoding, file.rows) for file in report.files] == [
        ("school.xlsx/Students", "Student", "Excel", 1),
        ("school.xlsx/Staff", "Teacher", "Excel", 1),
    ]
    assert (report.created["students"], report.created["teachers"], report.problems) == (1, 1, [])


def test_a_workbook_by_another_name_and_one_within_a_zip_are_read(importer: Importer) -> None:
    """CSV-013"""
    content = workbook(Sheet1=STUDENTS)

    opened = open_upload("students.csv", content)
    report = importer.apply(opened)

    assert opened == {"students.csv": content}
    assert report.created["students"] == 1


def test_problems_name_the_row_of_the_sheet(importer: Importer) -> None:
    rows = [[], STUDENTS[0], [], [1001, "Mia", "Alvarez", "x"], [None, None, None, None], ["", "Leo", "Alvarez", "x"]]

    report = importer.plan({"students.xlsx": workbook(Sheet=rows)}).report

    assert [(problem.row, problem.message) for problem in report.problems] == [(6, "StudentID is missing.")]
    assert report.created["students"] == 1


def test_the_size_that_a_sheet_states_and_a_far_row_are_not_believed() -> None:
    content = workbook(Sheet=STUDENTS)
    lying = tampered(content, SHEET, r'<dimension ref="[^"]*"', '<dimension ref="A1:XFD1048576"')
    far = tampered(content, SHEET, r'<row r="2"', '<row r="99999999999"')
    began = time.monotonic()

    assert read_workbook("x.xlsx", lying) == read_workbook("x.xlsx", content)
    assert "has no column" not in str(read_workbook("x.xlsx", far))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("declaration", ['<!ENTITY a "aaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">'])
def test_entities_are_never_expanded(declaration: str) -> None:
    content = workbook(Sheet=STUDENTS)
    sheet = tampered(content, SHEET, "<worksheet", f"<!DOCTYPE x [{declaration}]><worksheet")
    strings = tampered(with_shared_strings(content, "x"), STRINGS, "<sst", f"<!DOCTYPE x [{declaration}]><sst")

    assert {refusal(sheet), refusal(strings)} == {
        "roster.xlsx cannot be read as a workbook. Open it in the spreadsheet and save it again as .xlsx."
    }


def test_a_workbook_that_unpacks_to_more_than_it_may_is_refused_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """T26: 200 kB that would become 200 MB."""
    bomb = tampered(workbook(Sheet=STUDENTS), SHEET, "</worksheet>", "</worksheet>" + " " * 65 * 1024 * 1024)
    began = time.monotonic()

    assert len(bomb) < 500_000
    assert "larger than 64 MB when unpacked" in refusal(bomb)
    assert time.monotonic() - began < 2


def test_very_many_rows_and_cells_are_counted_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV-014"""
    many = tampered(workbook(Sheet=STUDENTS), SHEET, "</sheetData>", "<row><c/></row>" * 1_000_000 + "</sheetData>")
    began = time.monotonic()

    assert "At most 200,000 rows" in refusal(many)
    assert time.monotonic() - began < 2
    monkeypatch.setattr(workbook_module, "MOST_CELLS", 5)
    assert "more than a million cells" in refusal(workbook(Sheet=STUDENTS))


def test_very_many_sheets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_module, "MOST_SHEETS", 1)

    assert "more than 50 sheets" in refusal(workbook(a=STUDENTS, b=TEACHERS))


@pytest.mark.parametrize("content", [workbook(Sheet=[]), workbook(a=[[None, ""]], b=[])])
def test_a_workbook_of_nothing_is_empty(content: bytes) -> None:
    """CSV-001"""
    assert refusal(content) == "roster.xlsx is empty. Export it again."


@pytest.mark.parametrize(
    ("part", "pattern", "text"),
    [
        (SHEET, '<c r="A2"', '<c r="?!"'),
        (SHEET, '<c r="A2"', '<c r="ZZZZ2"'),
        (SHEET, "</worksheet>", ""),
        (SHEET, '<row r="2"', '<row r="two"'),
        (SHEET, 't="inlineStr"', 't="s"'),
        (SHEET, "<v>1001</v>", "<v>x</v>"),
        (SHEET, 't="inlineStr"><is>.*?</is>', 't="s"><v>999</v>'),
        ("xl/workbook.xml", "<sheets>.*</sheets>", ""),
        ("xl/workbook.xml", '<sheet [^>]*r:id="rId1"', '<sheet name="x" sheetId="1" r:id="rId99"'),
        ("xl/_rels/workbook.xml.rels", "<Relationship .*/>", ""),
        ("[Content_Types].xml", "<Types.*", ""),
        ("xl/styles.xml", "<cellXfs.*</cellXfs>", "<cellXfs/>"),
    ],
)
def test_a_damaged_workbook_is_refused_and_never_a_fault(part: str, pattern: str, text: str) -> None:
    damaged = tampered(workbook(Sheet=STUDENTS), part, f"(?s){pattern}", text)

    with suppress(Invalid):
        assert read_workbook("x.xlsx", damaged)
