"""Bytes become rows of text, whatever wrote them; what cannot be read is refused with what to do."""

import codecs

import pytest

from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.services.roster import read_files
from webapp.services.roster.read_files import Line, read_table

NAMES = "StudentID\tFirst\tLast\nS1\tJosé\tÁlvarez\n"
ROWS = [Line(2, ["S1", "José", "Álvarez"])]


def refusal(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read_table("Student.txt", content)
    assert refused.value.field == "file"
    return sentence(refused.value)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (NAMES.encode(), "utf-8"),
        (codecs.BOM_UTF8 + NAMES.encode(), "utf-8-sig"),
        (NAMES.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + NAMES.encode("utf-16-be"), "utf-16"),
        (NAMES.encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_found_and_told(content: bytes, encoding: str) -> None:
    """CSV-004, CSV-005: never a heading with a byte-order mark, never silent mojibake."""
    table = read_table("Student.txt", content)

    assert (table.headings, table.lines) == (["StudentID", "First", "Last"], ROWS)
    assert table.encoding == encoding


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_system_ends_them(newline: str) -> None:
    with_end = read_table("Student.txt", NAMES.replace("\n", newline).encode())
    without_end = read_table("Student.txt", NAMES.strip().replace("\n", newline).encode())

    assert with_end.lines == without_end.lines == ROWS


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
def test_the_delimiter_is_counted_in_the_headings(delimiter: str) -> None:
    """CSV-007, CSV-008: not told by the file's name."""
    table = read_table("Student.csv", NAMES.replace("\t", delimiter).encode())

    assert (table.delimiter, table.lines) == (delimiter, ROWS)


def test_delimiters_within_quotation_marks_do_not_count() -> None:
    table = read_table("x.csv", b'"Last, First, or both";StudentID\n"Alvarez, Mia";S1\n')

    assert table.headings == ["Last, First, or both", "StudentID"]
    assert table.lines == [Line(2, ["Alvarez, Mia", "S1"])]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    """CSV-035: rows of nothing but delimiters are skipped and counted."""
    content = b'\nStudentID,First\n,\nS1,"Two\r\nlines"\n\nS2,Leo\n' + b",\n" * 30

    table = read_table("x.csv", content)

    assert table.headings == ["StudentID", "First"]
    assert [line.number for line in table.lines] == [4, 6]
    assert table.blank_rows == 31


def test_other_separators_of_unicode_do_not_break_lines() -> None:
    table = read_table("x.csv", "StudentID,First\nS1,A\u2028B\x0bC\x85D\n".encode())

    assert table.lines == [Line(2, ["S1", "A\u2028B\x0bC\x85D"])]


def test_a_very_long_field_is_read() -> None:
    """CSV-011: Python's own limit is 131,072 characters; the row will say that it is too long."""
    table = read_table("x.csv", b"StudentID,First\nS1," + b"a" * 140_000)

    assert len(table.lines[0].cells[1]) == 140_000


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b",,,\n,,\n", codecs.BOM_UTF8])
def test_an_empty_file_is_refused(content: bytes) -> None:
    """CSV-001"""
    assert refusal(content) == "Student.txt is empty. Export it again."


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7 \n",
        b"\x89PNG\r\n\x1a\n\x00",
        b"PK\x03\x04 something",
        b"StudentID\x00\tFirst\nS1\tMia",
        "StudentID\tFirst".encode("utf-16-le"),
        b"," * 1_000,
        b"a," * 1_001,
    ],
)
def test_what_is_not_text_is_refused(content: bytes) -> None:
    message = refusal(content)

    assert message.startswith(("Student.txt is not a text file. Export it again as CSV UTF-8", "Student.txt is empty"))


def test_letters_in_no_known_encoding_are_refused() -> None:
    broken = (b"StudentID\tFirst\nS1\t\x81", codecs.BOM_UTF16_LE + b"S\x00\x00\xd8", codecs.BOM_UTF8 + b"S\xe9")
    for content in broken:
        assert refusal(content) == "The letters in Student.txt cannot be read. Save it again as CSV UTF-8."


def test_a_workbook_of_the_old_kind_is_refused_with_what_to_do() -> None:
    message = refusal(b"\xd0\xcf\x11\xe0 old workbook")

    assert "is a workbook of an old kind. In the spreadsheet choose Save As, Excel Workbook (.xlsx)" in message


def test_a_quotation_mark_left_open_is_refused_with_its_row() -> None:
    """Else it would swallow all rows after it without a word."""
    for rest in (b"S3,Ann\nS4,Bo\n", b"", b"\n"):
        message = refusal(b'StudentID,First\nS1,Mia\nS2,"Leo\n' + rest)

        assert message.startswith("In Student.txt, row 3 opens a quotation mark that is never closed.")


def test_very_many_rows_are_refused() -> None:
    """CSV-014"""
    message = refusal(b"StudentID,First\n" + b"S1,Mia\n" * 200_001)
    most = read_table("x.csv", b"StudentID,First\n" + b"S1,Mia\n" * 200_000)

    assert message.endswith("At most 200,000 rows can be imported at a time.")
    assert len(most.lines) == 200_000


def test_very_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_files, "MOST_CELLS", 100)

    assert "more than 10 million cells" in refusal(b"a,b\n" * 101)
