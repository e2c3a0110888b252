"""What a heading stands for is said once by the office, and remembered for its school."""

import re
from pathlib import Path

import pytest
from app import test_settings as settings_of
from conftest import KEY
from importer_desk import STUDENTS, TEACHERS, Desk, open_desk, row_of
from zoom_office import words

from webapp.db import Database
from webapp.models import Audit, ColumnName, ImportRun, School, Student

POWER = "Student_Number|Vorname|Nachname|Geburtstag|Bus\nS1|Mia|Alvarez|2016-05-04|7\nS2|Leo|Alvarez|2018-01-02|9\n"
MEANT = ["StudentID", "First", "Last", "SecurityValue", ""]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return open_desk(database, settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY))


def unread(desk: Desk, text: str = POWER) -> str:
    """The address where its columns are said, as the page that refuses the file names it."""
    answer = desk.send(("power.csv", text))
    assert answer.status_code == 422
    found = re.search(r'href="([^"]+/columns)"', answer.text)
    assert found, words(answer.text)
    return found[1]


def say(desk: Desk, address: str, *columns: str, kind: str = "student", number: int = 0) -> object:
    return desk.dora.post(address, {"file": number, "kind": kind, "column": list(columns)})


def test_a_file_with_unknown_headings_is_refused_and_offers_to_say_what_they_are(desk: Desk) -> None:
    """CSV-017"""
    page = desk.dora.get(unread(desk) + "?kind=student").text

    assert "Student_Number S1, S2" in words(page)
    assert page.count('name="column"') == 5
    assert desk.rows(Student) == []


def test_what_was_said_is_used_at_once_and_the_next_time(desk: Desk) -> None:
    answer = say(desk, unread(desk), *MEANT)
    page = desk.dora.get(answer.location).text
    applied = desk.apply(answer.location)

    again = desk.dora.get(desk.dry_run(("other.csv", POWER))).text

    assert (answer.status_code, applied.status_code) == (303, 303)
    assert row_of(page, "Students") == ["2", "0", "0"]
    assert row_of(again, "Students") == ["0", "0", "2"]
    assert "Bus" not in words(again).partition("Changes")[0].partition("not used")[2]
    assert [row.action for row in desk.rows(Audit)].count("roster.columns") == 1


def test_what_one_school_said_is_nothing_to_another(desk: Desk) -> None:
    say(desk, unread(desk), *MEANT)
    charlie = desk.administrator("Charlie", elsewhere=True)
    slug = desk.rows(School)[-1].slug

    elsewhere = Desk(desk.app, desk.database, desk.rows(School)[-1], charlie)

    assert elsewhere.send(("power.csv", POWER)).status_code == 422
    assert "studentnumber" not in charlie.get(f"/s/{slug}/importer").text
    assert "studentnumber" in desk.dora.get(desk.page).text


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["StudentID", "First", "First", "SecurityValue", ""], "no column Last"),
        (["StudentID", "First", "Last", "SecurityValue", "Last"], "more than one column Last: Nachname, Bus"),
        (["StudentID", "First", "Last", "Email", ""], "Choose what each column is."),
        (["StudentID", "First"], "Choose what each column is."),
        ([], "Choose what each column is."),
    ],
)
def test_an_ambiguous_or_incomplete_choice_is_refused_with_names_and_kept(
    desk: Desk, columns: list[str], told: str
) -> None:
    answer = say(desk, unread(desk), *columns)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert answer.text.count('<option value="First" selected>') == columns.count("First")
    assert desk.rows(ColumnName) == []


def test_of_two_headings_for_one_column_the_office_says_which_is_not_used(desk: Desk) -> None:
    """CSV-016"""
    text = "TeacherID|First|Last|Email|Mail\nT1|Folake|Adeyemi|f@linden.example|x\n"
    address = unread(desk, text)

    answer = say(desk, address, "TeacherID", "First", "Last", "Email", "", kind="teacher")

    assert row_of(desk.dora.get(answer.location).text, "Teachers") == ["1", "0", "0"]


def test_one_of_several_files_may_be_unknown(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS), ("power.csv", POWER.replace("S1", "S8").replace("S2", "S9")))
    page = desk.dora.get(address).text

    answer = say(desk, f"{address}/columns", *MEANT, number=1)

    assert "Say what the columns are" in words(page)
    assert row_of(desk.dora.get(answer.location).text, "Students") == ["4", "0", "0"]


def test_a_file_of_another_kind_than_the_data_type_is_shown_and_applied(desk: Desk) -> None:
    """What is named once shall come in, whatever was picked for the other files."""
    address = desk.dry_run(("teachers.txt", TEACHERS), ("power.csv", POWER), kind="teacher")

    answer = say(desk, f"{address}/columns", *MEANT, number=1)
    page = desk.dora.get(answer.location).text
    desk.apply(address)

    assert (row_of(page, "Students"), row_of(page, "Teachers")) == (["2", "0", "0"], ["1", "0", "0"])
    assert len(desk.rows(Student)) == 2


def test_headings_can_be_forgotten(desk: Desk) -> None:
    say(desk, unread(desk), *MEANT)

    desk.dora.post(f"{desk.page}/forget", {"kind": "student"})

    assert desk.rows(ColumnName) == []
    assert desk.send(("power.csv", POWER)).status_code == 422


def test_an_upload_whose_columns_are_unknown_cannot_be_applied_and_leads_to_its_columns(desk: Desk) -> None:
    address = unread(desk).removesuffix("/columns")
    key = desk.dora.key(desk.dry_run(("students.txt", STUDENTS)))

    shown, applied = desk.dora.get(address), desk.dora.post(f"{address}/apply", {"key": key})

    assert (shown.status_code, shown.location) == (303, f"{address}/columns")
    assert applied.status_code == 422
    assert desk.rows(Student) == []


@pytest.mark.parametrize("number", ["7", "-1", "x", "9" * 30])
def test_a_file_that_is_not_in_the_upload_is_not_found(desk: Desk, number: str) -> None:
    address = unread(desk)

    answers = [desk.dora.post(address, {"file": number, "kind": "student", "column": MEANT})]
    answers += [desk.dora.get(address, query_string={"file": "7"})]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert len(desk.rows(ImportRun)) == 1
