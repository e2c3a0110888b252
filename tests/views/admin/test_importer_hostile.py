"""What an uploaded file says is shown as text, however hostile, and its name is never a path."""

from pathlib import Path

import pytest
from app import test_settings as settings_of
from conftest import KEY
from importer_desk import STUDENTS, Desk, open_desk
from zoom_office import words

from webapp.db import Database
from webapp.models import ImportRun, Student

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return open_desk(database, settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/cron.d/x.csv", "x.csv"),
        (".students.txt", ".students.txt"),
        (f"{SCRIPT}.txt", "script>.txt"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
        ("100%(n)s.txt", "100%(n)s.txt"),
        ("{{ 7 * 7 }}.txt", "{{ 7 * 7 }}.txt"),
        ("a\u202egpj.txt", "agpj.txt"),
        ("ユーザー.txt", "ユーザー.txt"),
        ("n" * 300 + ".txt", "n" * 255),
    ],
)
def test_a_hostile_file_name_is_a_label_and_nothing_else(desk: Desk, name: str, shown: str) -> None:
    """CSV-050"""
    address = desk.dry_run((name, STUDENTS))

    page = desk.dora.get(address).text + desk.dora.get(desk.page).text
    applied = desk.apply(address)

    assert [run.filename for run in desk.rows(ImportRun)] == [shown]
    assert "<script>alert" not in page
    assert "<img" not in page
    assert applied.status_code == 303
    assert len(desk.rows(Student)) == 2


@pytest.mark.parametrize("name", ["a\x00b.txt", "a\r\nb.txt", "\x01"])
def test_control_characters_in_a_file_name_are_dropped(desk: Desk, name: str) -> None:
    run = open_name(name)

    assert run.isprintable()
    assert run


def open_name(name: str) -> str:
    """A browser's upload cannot carry all of them, so this asks the service."""
    from webapp.services.roster.upload import open_upload

    return next(iter(open_upload(name, STUDENTS.encode())))


def test_hostile_cells_and_headings_are_shown_as_text_before_and_after(desk: Desk) -> None:
    """CSV-029"""
    hostile = f"StudentID|First|Last|SecurityValue|{SCRIPT}\nS1|{SCRIPT}|Alvarez|x|1\nS2||<b>Last</b>|x|1\n"
    address = desk.dry_run(("students.txt", hostile), (f"{SCRIPT}.txt", "Cat|Dog\n1|2\n"))

    before = desk.dora.get(address).text
    desk.apply(address, confirmed="1")
    after = desk.dora.get(address).text

    assert "&lt;script&gt;alert(1)&lt;/script&gt; Alvarez" in before
    assert "these columns are not used: &lt;script&gt;" in before
    for page in (before, after):
        assert "<script>alert" not in page
        assert "<b>Last" not in page
    assert SCRIPT in [student.first for student in desk.rows(Student)]


def test_a_refusal_shows_what_it_found_as_text(desk: Desk) -> None:
    answer = desk.send((f"a{SCRIPT}b.txt", f"StudentID|{SCRIPT}\n1|2\n"))

    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_control_characters_leave_their_row_out(desk: Desk) -> None:
    """CSV-010, CSV-031"""
    wrong = (
        'StudentID|First|Last|SecurityValue\nS1|An\x00n|Lee|x\nS2|"Ann\r\nBcc: x@evil.example"|Lee|x\nS3|Ann|Lee|x\n'
    )
    address = desk.dry_run(("students.txt", wrong))

    desk.apply(address, confirmed="2")

    assert [student.student_ref for student in desk.rows(Student)] == ["S3"]
    assert "Left out:" in words(desk.dora.get(address).text)
