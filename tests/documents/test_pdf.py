"""Lists as PDF: every row is on paper, in any script that the fonts know, and the note says where it does not."""

import io

import pytest
from pypdf import PdfReader

from webapp.documents.letters import width_of
from webapp.documents.pdf import MARGIN, SIZE, WIDTH, pdf_of, shown
from webapp.documents.sheet import Sheet


def read(*cells: str, heads: tuple[str, ...] = ("Parent",)) -> list[str]:
    """The text of each page."""
    rows = tuple((cell,) * len(heads) for cell in cells)
    reader = PdfReader(io.BytesIO(pdf_of(Sheet("Master Schedule", ("Fall",), heads, rows))))
    return [page.extract_text() for page in reader.pages]


WESTERN = ["Zoë Dvořák", "Łucja Żółć", "Ντόρα", "Дора", "Inés", "Nguyễn Thị Ánh", "Adébáyọ̀"]


@pytest.mark.parametrize("name", [*WESTERN, "李雷", "さくら", "Ana 王"])
def test_names_come_out_as_they_are_written(name: str) -> None:
    """OUT-007"""
    [page] = read(name)

    assert "".join(name.split()) in "".join(page.split())
    assert "?" not in page


TURNED = [
    ("שלום", "םולש"),
    ("دانا", "ﺎﻧﺍﺩ"),
    ("Ana דנה", "Ana הנד"),
    ("دانا (2)", "(2) ﺎﻧﺍﺩ"),
    ("عبد الله", "ﻪﻠﻟﺍ ﺪﺒﻋ"),
]


@pytest.mark.parametrize(("written", "drawn"), TURNED)
def test_hebrew_and_arabic_run_from_right_to_left_with_joined_letters(written: str, drawn: str) -> None:
    """OUT-007"""
    assert shown(written) == drawn
    assert "?" not in read(written)[0]


@pytest.mark.parametrize("name", ["🦊", "अनिता"])
def test_letters_that_the_fonts_lack_are_no_boxes_and_a_note_says_so(name: str) -> None:
    """OUT-007"""
    [page] = read(f"Ana {name}")

    assert "Ana ?" in page
    assert "Letters that cannot be printed here stand as “?”. The CSV has them." in page


def test_a_question_mark_of_its_own_needs_no_note() -> None:
    assert "cannot be printed" not in read("Who?")[0]


def test_each_page_has_title_headings_and_its_number_and_no_row_is_lost() -> None:
    pages = read(*(f"Row {n}." for n in range(200)), heads=("Parent", "Student"))

    assert all("Master Schedule" in page and "Student" in page for page in pages)
    assert [f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, start=1)] == [True] * len(pages)
    assert len(pages) > 2
    assert ["".join(pages).count(f"Row {n}.") for n in range(200)] == [2] * 200


def test_a_link_is_broken_to_its_column_and_an_endless_cell_is_cut() -> None:
    address = "https://linden.zoom.us/j/" + "1234567890" * 9
    [page] = read(address, "x " * 3000, "one\ntwo\0\u202e", heads=tuple("ABCDEFGHIJ"))

    assert address in page.replace("\n", "").replace(" ", "")
    assert "…" in page
    assert "one two" in page


def test_markup_in_a_name_is_only_letters() -> None:
    assert '<pdf:nextpage/><img src="file:///etc/passwd">' in read('<pdf:nextpage/><img src="file:///etc/passwd">')[0]


def test_long_names_above_the_list_leave_the_day_and_the_zone_on_the_paper() -> None:
    said = ("An Evening of Conferences " * 8, "Folake Adeyemi, Hugh Barlow " * 9, "Thursday", "Times are in Chicago.")
    rows = tuple((f"Row {n}.",) for n in range(200))

    short, long = (
        [
            page.extract_text()
            for page in PdfReader(io.BytesIO(pdf_of(Sheet("Open Slots", notes, ("Time",), rows)))).pages
        ]
        for notes in (said[2:], said)
    )

    assert all(width_of(line, SIZE) <= WIDTH - 2 * MARGIN for page in long for line in page.splitlines())
    assert all("· Thursday · Times are in Chicago." in page.replace("\n", " ") for page in long)
    assert long[0].count("Row ") < short[0].count("Row ")  # they make room
    assert ["".join(long).count(f"Row {n}.") for n in range(200)] == [1] * 200


def test_notes_without_end_are_cut() -> None:
    page = PdfReader(io.BytesIO(pdf_of(Sheet("Open Slots", ("word " * 3000,), ("Time",), ())))).pages[0].extract_text()

    assert "…" in page
    assert len(page) < 1500


def test_an_empty_list_is_a_page_too_and_the_same_list_the_same_file() -> None:
    empty = Sheet("Master Schedule", (), ("Parent",), ())

    assert len(PdfReader(io.BytesIO(pdf_of(empty))).pages) == 1
    assert pdf_of(empty) == pdf_of(empty)


def test_words_of_narrow_columns_stay_whole_beside_long_links_and_names() -> None:
    heads = ("Teacher", "Length", "Class", "Type", "Room/Link", "E-mail", "Parent", "Student", "Status")
    long = "Bartholomew Maximilian Featherstonehaugh-Cholmondeley"
    row = ("Folake Adeyemi", "15 min", "Grade 4", "In-Person", "https://" + "x" * 90, "y" * 60, long, long, "Booked")
    rows = (row,) * 3
    page = PdfReader(io.BytesIO(pdf_of(Sheet("Teachers Schedule", (), heads, rows)))).pages[0].extract_text()

    assert all(word in page.split() for word in ("Length", "Class", "In-Person", "Booked", "Status", "Adeyemi"))


@pytest.mark.parametrize("columns", [13, 60])
def test_an_event_that_asks_much_has_every_column_on_the_paper(columns: int) -> None:
    """A column for each question: they share the paper, and none is of no width."""
    heads = tuple(f"Question{n}" for n in range(columns))

    page = read("Antidisestablishmentarianism, and what comes of it", heads=heads)[0]

    drawn = "".join(page.split())
    assert drawn.count("Q") == columns
    assert drawn.count("Antid") == columns or columns > 13
