"""What is wrong with an upload is told at its field and changes nothing: rows of abuse-cases.csv on the Importer."""

from pathlib import Path
from typing import Any

import pytest
from abuse import tried
from app import test_settings as settings_of
from conftest import KEY
from factories import make_event, make_resource, make_teacher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importer_desk import STUDENTS, TEACHERS, Desk, open_desk
from workbooks import SHEET, tampered, workbook
from zoom_office import words

from webapp.db import Database
from webapp.models import Class, Contact, Enrolment, Guardian, ImportRun, Slot, Student
from webapp.services.roster import import_run

HEADINGS = "StudentID,First,Last,SecurityValue\n"
NAME = "Xanthippe"
MILLION = tampered(workbook(A=[["StudentID"]]), SHEET, "</sheetData>", "<row><c/></row>" * 1_000_000 + "</sheetData>")


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return open_desk(database, settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY))


@pytest.mark.parametrize(
    ("row", "content", "told"),
    [
        ("CSV-001", b"", "is empty"),
        ("CSV-002", HEADINGS.encode(), "No rows found under the headings"),
        ("CSV-004", b"\xff\xfeS\x00\x00\xd8", "Save it again as CSV UTF-8"),
        ("CSV-013", workbook(Sheet1=[]), "is empty"),
        ("CSV-014", MILLION, "At most 200,000 rows"),
        ("CSV-016", f"TeacherID,First,Last,Email,Mail\n1,{NAME},B,a@b.example,x\n", "more than one column Email"),
        ("CSV-017", f"StudentID,First,SecurityValue\n1,{NAME},x\n", "no column Last. Found: StudentID, First"),
    ],
)
def test_what_cannot_be_used_is_refused_whole(desk: Desk, row: str, content: Any, told: str) -> None:
    """CSV-001 to CSV-017; where only the columns are unknown, the upload waits for somebody to name them."""
    keeps = {"importrun"} if row in {"CSV-016", "CSV-017"} else set()

    tried(
        desk.database,
        lambda: desk.send(("roster.csv", content)),
        status={422},
        told=told,
        field="im-file-err",
        secrets=[NAME],
        keeps=keeps,
    )


@pytest.mark.parametrize(
    ("row", "cells", "told"),
    [
        ("CSV-010", f"1,{NAME}\0,Lee,x", "First contains a control character"),
        ("CSV-011", f"1,{NAME * 16_000},Lee,x", "First is longer than 100 characters"),
        ("CSV-019", f"1,{NAME},Lee,x,more", "more cells than there are headings"),
        ("CSV-031", f'1,"{NAME}\r\nBcc: x@evil.example",Lee,x', "First contains a line break"),
        ("CSV-032", f"1,{NAME}\u202e,Lee,x", "First contains a control character"),
    ],
)
def test_a_bad_row_is_told_in_the_dry_run_and_left_out_by_apply(desk: Desk, row: str, cells: str, told: str) -> None:
    """CSV-010, CSV-011, CSV-019, CSV-031, CSV-032: the sound row beside it is taken, once that was agreed to."""
    content = f"{HEADINGS}{cells}\n2,Mia,Alvarez,x\n".encode()
    send = lambda: desk.send(("roster.csv", content))  # noqa: E731 - named for the line below

    address = tried(desk.database, send, status={303}, secrets=[NAME], keeps={"importrun"}).location
    page = words(desk.dora.get(address).text)
    refused = tried(desk.database, lambda: desk.apply(address), status={422}, told="Leave out 1 row", secrets=[NAME])
    desk.apply(address, confirmed="1")

    assert "Rows read: 2. Rows that can be imported: 1." in page
    assert "Rows read: 2. Rows imported: 1." in words(desk.dora.get(address).text)
    assert "roster.csv 2" in page
    assert told in page
    assert refused.status_code == 422
    assert [student.first for student in desk.rows(Student)] == ["Mia"]


def test_what_looks_like_a_number_or_a_formula_comes_back_as_it_was(desk: Desk) -> None:
    """CSV-026, CSV-028, OUT-002: as text, from our own lists and from a workbook."""
    rooms = ["+1 (212) 555-0100", "=HYPERLINK(1)", "-5"]
    sheet = [["TeacherID", "First", "Last", "Email", "Room"]]
    sheet += [[f"T{n}", "Folake", f"Adeyemi{n}", f"f{n}@linden.example", room] for n, room in enumerate(rooms)]

    for content in (workbook(Staff=sheet), "\n".join("|".join(map(str, line)) for line in sheet)):
        desk.apply(desk.dry_run(("staff.x", content)))

    assert [one.room for one in desk.rows(Contact) if one.teacher_ref] == rooms


def test_a_preview_that_was_discarded_is_not_applied_from_another_tab(desk: Desk) -> None:
    """CSV-053"""
    address = desk.dry_run(("students.txt", STUDENTS))
    key = desk.dora.key(address)
    desk.dora.post(f"{address}/discard")

    apply = lambda: desk.dora.post(f"{address}/apply", {"key": key})  # noqa: E731 - named for the line below
    tried(desk.database, apply, status={409}, told="This preview was discarded.")

    assert [run.content for run in desk.rows(ImportRun)] == [None]
    assert desk.dora.post(f"{address}/discard").status_code == 303
    assert "Apply this import" not in desk.dora.get(address).text


def test_of_a_preview_that_was_discarded_only_the_numbers_stay(desk: Desk) -> None:
    """CSV-053: the names go at once."""
    address = desk.dry_run(("students.txt", STUDENTS))
    before = desk.dora.get(address).text

    desk.dora.post(f"{address}/discard")

    after, [run] = desk.dora.get(address).text, desk.rows(ImportRun)
    assert "Mia" in before
    assert "Mia" not in after + run.report
    assert "Rows read: 2. Rows that can be imported: 2." in after


def test_what_was_applied_cannot_be_discarded(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS))
    desk.apply(address)

    assert desk.dora.post(f"{address}/discard").status_code == 409
    assert len(desk.rows(Student)) == 2


CELLS = st.sampled_from(
    ["", "S1", "S1", "T1", "C1", "Mia", "x@linden.example", "9", '"', "\0", "\r", "é", "=1", "a" * 300]
)
LINES = st.lists(st.lists(CELLS, max_size=6).map("\t".join), max_size=5)
HEADS = st.sampled_from(
    [text.partition("\n")[0].replace("|", "\t") for text in (STUDENTS, TEACHERS)]
    + [
        "ClassID\tTeacherID",
        "StudentID\tClassID",
        "ParentID\tStudentID",
        "sourcedId\tgivenName\tfamilyName\trole",
        "Cat",
    ]
)
FILES = st.one_of(
    st.binary(max_size=60),
    st.tuples(HEADS, LINES, st.sampled_from(["utf-8", "utf-16", "cp1252"])).map(
        lambda file: "\n".join([file[0], *file[1]]).encode(file[2], "replace")
    ),
    st.tuples(HEADS, LINES).map(lambda file: workbook(A=[line.split("\t") for line in [file[0], *_sayable(file[1])]])),
)


def _sayable(lines: list[str]) -> list[str]:
    """What a workbook can hold."""
    return [line.replace("\0", "") for line in lines]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(FILES, min_size=1, max_size=3), agreed=st.booleans())
def test_whatever_is_uploaded_nothing_faults_and_nothing_is_half_imported(
    desk: Desk, contents: list[bytes], agreed: bool
) -> None:
    """RELIABILITY B14: what the dry run counted as new is there afterwards, all of it or nothing."""
    before = _counts(desk)
    answer = desk.send(*((f"{n}.csv", content) for n, content in enumerate(contents)))
    assert answer.status_code in {303, 422}
    if answer.status_code == 422:
        assert _counts(desk) == before
        return
    page = desk.dora.get(answer.location).text

    applied = desk.apply(answer.location, **({"confirmed": "999"} if agreed else {}))

    assert applied.status_code in {303, 422}
    new = import_run.report_of(desk.rows(ImportRun)[-1]).created
    expected = [old + new[kind] for kind, old in zip(TABLES, before, strict=True)]
    assert _counts(desk) == (expected if applied.status_code == 303 else before), words(page)


TABLES = {"students": Student, "classes": Class, "enrollments": Enrolment, "guardians": Guardian}
"""People are left out: a parent may be a teacher whom the school has."""


def _counts(desk: Desk) -> list[int]:
    return [len(desk.rows(table)) for table in TABLES.values()]


def test_the_office_says_once_how_dates_are_written_and_apply_reads_them_so(desk: Desk) -> None:
    """CSV-041: the preview asks; until then the row is left out."""
    row = "EventID|Resource|Date|StartTime|EndTime|Duration\nfall|Folake Adeyemi|03/04/2027|16:00|16:20|20\n"
    with desk.database.transaction() as session:
        event = make_event(session, desk.school, slug="fall")
        make_resource(session, event, make_teacher(session, desk.school))
    address = desk.dry_run(("slots.txt", row))
    page = desk.dora.get(address).text

    said = desk.dora.post(f"{address}/dates", {"dates": "dmy"})
    applied = desk.apply(address)

    assert "Which comes first in a date such as 03/04/2026?" in page
    assert (said.status_code, applied.status_code) == (303, 303)
    assert [slot.wall_start for slot in desk.rows(Slot)] == ["2027-04-03T16:00"]
    assert desk.dora.post(f"{address}/dates", {"dates": "x"}).status_code in {409, 422}


def test_the_data_type_that_was_picked_is_the_one_that_is_read(desk: Desk) -> None:
    """PRODUCT 2.15"""
    both = "StudentID|First|Last|SecurityValue|ClassID\nS1|Mia|Alvarez|x|C1\n"

    picked = desk.dora.get(desk.dry_run(("x.txt", both), kind="enrollment")).text
    refused = desk.send(("x.txt", both), kind="teacher")

    assert "x.txt Enrollment" in words(picked)
    assert refused.status_code == 422
    assert "by the layout Teacher, but has no column TeacherID" in words(refused.text)
