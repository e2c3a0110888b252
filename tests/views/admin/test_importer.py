"""The Importer's pages: nothing changes before Apply, and Apply does what the dry run said, once."""

import re
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact
from importer_desk import STUDENTS, TEACHERS, WITHOUT_ADDRESS, Desk, open_desk, row_of, zipped
from sqlmodel import select
from zoom_office import words

from webapp.db import Database
from webapp.models import Contact, ImportRun, Level, School, Student
from webapp.services.roster import import_run, upload
from webapp.services.roster.import_roster import plan_import


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return open_desk(database, settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY))


def test_the_dry_run_shows_what_would_come_and_changes_nothing(desk: Desk) -> None:
    page = desk.dora.get(desk.dry_run(("students.txt", STUDENTS), ("teachers.txt", WITHOUT_ADDRESS))).text

    assert "What this import would do" in words(page)
    assert row_of(page, "Students") == ["2", "0", "0"]
    assert row_of(page, "Teachers") == ["1", "0", "0"]
    assert "New Students Mia Alvarez" in words(page)
    assert "teachers.txt 3 Email Left out:" in words(page)
    assert "Leave out 1 row, listed below" in words(page)
    assert desk.rows(Student) == []


def test_apply_does_what_the_dry_run_said_and_a_second_import_tells_what_changed(desk: Desk) -> None:
    first = desk.dry_run(("students.txt", STUDENTS))
    applied = desk.apply(first)

    second = desk.dora.get(desk.dry_run(("students.txt", STUDENTS.replace("Leo", "Leo Max")))).text

    assert applied.status_code == 303
    assert "Imported" in words(desk.dora.get(first).text)
    assert "Apply this import" not in desk.dora.get(first).text
    assert sorted(student.first for student in desk.rows(Student)) == ["Leo", "Mia"]
    assert row_of(second, "Students") == ["0", "1", "1"]
    assert "Changed Students Leo Max Alvarez" in words(second)


def test_a_changed_name_is_applied_only_where_the_office_ticked_that_it_is_the_same_person(desk: Desk) -> None:
    desk.apply(desk.dry_run(("students.txt", STUDENTS)))
    other = STUDENTS.replace("Leo|Alvarez", "Ben|Ode")
    address = desk.dry_run(("students.txt", other))
    page = desk.dora.get(address).text

    refused = desk.apply(address)
    left = [student.name for student in desk.rows(Student)]
    applied = desk.apply(address, same="students:S2")

    assert "Are these the same people?" in words(page)
    assert 'name="same" value="students:S2"' in page
    assert (refused.status_code, left) == (422, ["Mia Alvarez", "Leo Alvarez"])
    assert applied.status_code == 303
    assert sorted(student.name for student in desk.rows(Student)) == ["Ben Ode", "Mia Alvarez"]


def test_the_dry_run_shows_what_each_file_was_taken_for(desk: Desk) -> None:
    """CSV-005, CSV-007, CSV-008"""
    accented = STUDENTS.replace("|", ";").replace("Leo", "José").encode("cp1252")

    page = desk.dora.get(desk.dry_run(("students.csv", accented), ("teachers.csv", TEACHERS))).text

    assert "students.csv Student cp1252 ; 2" in words(page)
    assert "teachers.csv Teacher utf-8 tab 1" in words(page)
    assert "José Alvarez" in words(page)


def test_what_was_ticked_stays_ticked_when_apply_is_refused(desk: Desk) -> None:
    desk.apply(desk.dry_run(("students.txt", STUDENTS)))
    address = desk.dry_run(("students.txt", STUDENTS.replace("S2|Leo", "S3|Ben") + "|Ida|Ode|x\n"))

    shown, refused = desk.dora.get(address), desk.apply(address, absent="1")

    assert 'name="absent" value="1">' in shown.text
    assert (refused.status_code, 'name="absent" value="1" checked>' in refused.text) == (422, True)


def test_nobody_who_books_waits_for_a_file_to_be_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one transaction that writes: a large workbook takes longer than anybody waits for it."""
    waited: list[bool] = []

    def book() -> None:
        with desk.database.transaction() as session:
            session.get_one(School, desk.school.id).address = "12 Linden Street"

    def read(*arguments: Any, **named: Any) -> Any:
        family = Thread(target=book)
        family.start()
        family.join(timeout=2)
        waited.append(family.is_alive())
        return plan_import(*arguments, **named)

    monkeypatch.setattr(import_run, "plan_import", read)

    address = desk.dry_run(("students.txt", STUDENTS))
    said = desk.dora.post(f"{address}/dates", {"dates": "dmy"})
    desk.apply(address)

    assert said.status_code == 303
    assert waited == [False, False, False]


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "0"}, {"confirmed": "yes"}])
def test_rows_are_left_out_only_when_that_was_confirmed(desk: Desk, confirmed: dict[str, str]) -> None:
    address = desk.dry_run(("students.txt", STUDENTS), ("teachers.txt", WITHOUT_ADDRESS))

    refused = desk.apply(address, **confirmed)

    assert refused.status_code == 422
    assert 'aria-invalid="true" aria-describedby="im-conf-err"' in refused.text
    assert "Rows that would be left out: 1." in words(refused.text)
    assert desk.rows(Student) == []
    assert desk.apply(address, confirmed="1").status_code == 303
    assert len(desk.rows(Student)) == 2


def test_what_would_be_left_out_since_the_dry_run_has_to_be_confirmed_too(desk: Desk) -> None:
    address = desk.dry_run(("teachers.txt", TEACHERS))
    with desk.database.transaction() as session:
        other = {"email": "f.adeyemi@linden.example", "teacher_ref": "T99", "level": Level.VIEWER}
        make_contact(session, desk.school, "Fay", "Adams", **other)

    refused = desk.apply(address)

    assert refused.status_code == 422
    assert "Leave out 1 row, listed below" in words(refused.text)
    assert "f.adeyemi@linden.example" in words(refused.text)
    assert [contact.last for contact in desk.rows(Contact) if contact.teacher_ref] == ["Adams"]


def test_the_same_form_sent_twice_applies_once_with_the_same_answer(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS))
    key = desk.dora.key(address)

    answers = [desk.dora.post(f"{address}/apply", {"key": key}) for _ in range(2)]

    assert [(a.status_code, a.headers["Location"]) for a in answers] == [(303, address)] * 2
    assert len(desk.rows(Student)) == 2
    assert [run.content for run in desk.rows(ImportRun)] == [None]


def test_a_form_without_a_key_of_ours_applies_nothing(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS))

    answers = [desk.dora.post(f"{address}/apply", form) for form in ({}, {"key": "made-up"})]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert desk.rows(Student) == []


def test_an_upload_that_was_deleted_meanwhile_cannot_be_applied(desk: Desk) -> None:
    address = desk.dry_run(("students.txt", STUDENTS))
    key = desk.dora.key(address)
    with desk.database.transaction() as session:
        session.exec(select(ImportRun)).one().content = None

    answer = desk.dora.post(f"{address}/apply", {"key": key})

    assert answer.status_code == 422
    assert "older than a day and was deleted" in words(answer.text)
    assert desk.rows(Student) == []


@pytest.mark.parametrize("number", ["2", "0", "2147483648", "9" * 40, "x"])
def test_another_school_s_run_and_one_that_is_not_there_are_not_found(desk: Desk, number: str) -> None:
    """CSV-052"""
    charlie = desk.administrator("Charlie", elsewhere=True)
    form = {"key": desk.dora.key(desk.dry_run(("students.txt", STUDENTS)))}
    slug = desk.rows(School)[-1].slug

    answers = [charlie.get(f"/s/{slug}/importer/1"), charlie.post(f"/s/{slug}/importer/1/apply", form)]
    answers += [desk.dora.get(f"{desk.page}/{number}"), desk.dora.post(f"{desk.page}/{number}/apply", form)]
    answers += [charlie.get(f"{desk.page}/1"), charlie.post(f"{desk.page}/1/apply", form)]

    assert {answer.status_code for answer in answers} == {404}
    assert desk.rows(Student) == []


def test_what_another_school_applied_is_not_found_either(desk: Desk) -> None:
    charlie = desk.administrator("Charlie", elsewhere=True)
    slug = desk.rows(School)[-1].slug
    desk.apply(desk.dry_run(("students.txt", STUDENTS)))

    answer = charlie.get(f"/s/{slug}/importer/1")

    assert answer.status_code == 404
    assert "students.txt" not in charlie.get(f"/s/{slug}/importer").text


def test_a_dry_run_is_its_maker_s_and_what_was_applied_is_everybody_s(desk: Desk) -> None:
    """CSV-052"""
    address = desk.dry_run(("students.txt", STUDENTS))
    edgar = desk.administrator("Edgar")

    before = edgar.get(address), edgar.get(desk.page)
    taken = edgar.post(f"{address}/apply", {"key": desk.dora.key(address)})
    desk.apply(address)
    after = edgar.get(address)

    assert (before[0].status_code, taken.status_code, after.status_code) == (404, 404, 200)
    assert "students.txt" not in before[1].text
    assert "students.txt" in edgar.get(desk.page).text


@pytest.mark.parametrize("level", list(Level)[:-1], ids=str)
def test_only_administrators_import(desk: Desk, level: Level) -> None:
    browser = desk.administrator("Someone", level=level)

    answers = [browser.get(desk.page), desk.send(("students.txt", STUDENTS), browser=browser)]
    answers += [browser.get(f"{desk.page}/1"), browser.post(f"{desk.page}/1/apply")]

    assert {answer.status_code for answer in answers} == {404 if level < Level.VIEWER else 403}
    assert desk.rows(ImportRun) == []


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([], "Choose the roster's files, or a zip of them."),
        ([("students.txt", "")], "students.txt is empty."),
        ([("photo.txt", b"\x89PNG\r\n\x1a\n123")], "photo.txt is not a text file."),
        ([("roster.zip", b"PK\x03\x04 broken")], "roster.zip cannot be unpacked"),
        ([("roster.xls", b"\xd0\xcf\x11\xe0 old")], "roster.xls is a workbook of an old kind."),
        ([("students.txt", "StudentID|First|SecurityValue\nS1|Mia|x\n")], "students.txt"),
        ([("a.txt", STUDENTS), ("a.txt", STUDENTS)], "There are two files named a.txt."),
        ([("pets.txt", "Cat|Dog\n1|2\n")], "pets.txt"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole_at_the_field(desk: Desk, files: Any, told: str) -> None:
    answer = desk.send(*files)

    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="im-file-err"' in answer.text
    error = re.search(r'id="im-file-err">(.*?)</p>', answer.text)
    assert error
    assert told in words(error[1])
    assert desk.rows(Student) == []


def test_a_missing_required_column_is_named_with_its_file(desk: Desk) -> None:
    answer = desk.send(("my teachers.txt", "TeacherID|First|Last|Room\nT1|Folake|Adeyemi|112\n"))

    told = words(answer.text)
    assert answer.status_code == 422
    assert "my teachers.txt" in told
    assert re.search(r"my teachers\.txt[^.]*Email", told)


def test_one_zip_is_as_good_as_its_files(desk: Desk) -> None:
    address = desk.dry_run(("roster.zip", zipped(students=STUDENTS, teachers=TEACHERS)))

    page = desk.dora.get(address).text
    applied = desk.apply(address)

    assert (row_of(page, "Students")[0], row_of(page, "Teachers")[0]) == ("2", "1")
    assert "students.txt, teachers.txt" in words(page)
    assert applied.status_code == 303
    assert len(desk.rows(Student)) == 2


def test_many_small_zips_may_not_be_large_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 1000)
    zips = [(f"{n}.zip", zipped(**{f"file{n}": STUDENTS + " " * 500})) for n in range(3)]

    answer = desk.send(*zips)

    assert answer.status_code == 422
    assert "1.zip is larger than" in words(answer.text)
    assert desk.rows(ImportRun) == []


def test_more_than_the_server_takes_is_answered_with_a_page(desk: Desk) -> None:
    desk.app.config["MAX_CONTENT_LENGTH"] = 10_000

    answer = desk.send(("students.txt", STUDENTS + "x" * 10_000))

    assert answer.status_code == 413
    assert "That is too large." in words(answer.text)
    assert desk.rows(ImportRun) == []
