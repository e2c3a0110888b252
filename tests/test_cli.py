"""The commands say what they did, on stdout for programs and on stderr for people, and refuse with exit code 2."""

import json
import re
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlmodel import Session, select

from webapp.cli import confab
from webapp.config import Settings
from webapp.db import Database
from webapp.demo.files import DemoFiles
from webapp.models import Contact, Level, School, Student
from webapp.services.people.accounts import is_password, login_of, memberships

PASSWORD = "correct horse battery"
STUDENTS = "StudentID\tFirst\tLast\tSecurityValue\nS1\tMia\tAlvarez\tx\nS2\tLeo\tAlvarez\tx\n"
TEACHERS = "TeacherID\tFirst\tLast\tEmail\tRoom\nT1\tHugh\tBarlow\t\tGym\n"
KINDS = {"students", "teachers", "classes", "enrollments", "parents", "guardians", "events", "slots"}

Run = Callable[..., Result]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "CONFAB_SECRET_KEY": secrets.token_hex(32),
        "CONFAB_TOKEN_KEYS": secrets.token_hex(32),
        "CONFAB_DATABASE_URL": f"sqlite:///{tmp_path / 'confab.db'}",
        "CONFAB_BASE_URL": "https://conferences.school.example",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    return lambda *arguments, **more: CliRunner().invoke(
        confab, [str(one) for one in arguments], env=environment | more, catch_exceptions=False
    )


@pytest.fixture
def school(run: Run, tmp_path: Path, _sqlite_template: Path) -> str:
    """An installation with one school."""
    shutil.copy(_sqlite_template, tmp_path / "confab.db")
    made = run("create-admin", "--school", "linden", "--email", "dora@linden.example", "--password", PASSWORD)
    assert made.exit_code == 0, made.stderr
    return "linden"


@pytest.fixture
def stored(environment: dict[str, str]) -> Iterator[Session]:
    database = Database(environment["CONFAB_DATABASE_URL"])
    with Session(database.engine) as session:
        yield session
    database.dispose()


def file(directory: Path, name: str, content: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(content, encoding="utf-8")
    return path


def test_help_lists_every_command(run: Run) -> None:
    told = run("--help").stdout

    for command in ("demo", "serve", "test", "db", "create-admin", "import-roster", "new-key"):
        assert re.search(rf"^  {command} +\w", told, re.MULTILINE)
    assert "upgrade" in run("db", "--help").stdout


def test_a_new_key_is_good_for_production() -> None:
    first, second = (CliRunner().invoke(confab, ["new-key"]).stdout.strip() for _ in range(2))

    assert first != second
    Settings(secret_key=first, token_keys=(second,), base_url="https://school.example").refuse_unsafe()


def test_db_upgrade_may_be_run_again(run: Run) -> None:
    answers = [run("db", "upgrade") for _ in range(2)]

    assert [(a.exit_code, a.stdout) for a in answers] == [(0, "The database is up to date.\n")] * 2


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////no/such/folder/confab.db", "postgresql://127.0.0.1:1/confab"])
def test_a_database_that_cannot_be_used_is_said_by_its_variable(run: Run, url: str) -> None:
    answer = run("db", "upgrade", CONFAB_DATABASE_URL=url)

    assert answer.exit_code == 2
    assert "CONFAB_DATABASE_URL" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("command", ["create-admin --email a@b.example --password", "import-roster ."])
def test_commands_ask_for_the_upgrade_first(run: Run, command: str) -> None:
    words = [*command.split(), *([PASSWORD] if command.endswith("password") else [])]

    answer = run(*words, "--school", "linden")

    assert answer.exit_code == 2
    assert answer.stderr == "The database has an old schema. Run: ./confab db upgrade\n"


def test_what_is_missing_in_the_environment_is_named(run: Run) -> None:
    answer = run("db", "upgrade", CONFAB_SECRET_KEY="short", CONFAB_MAIL_PORT="many")

    assert answer.exit_code == 2
    assert "CONFAB_SECRET_KEY: " in answer.stderr
    assert "CONFAB_MAIL_PORT: " in answer.stderr
    assert "short" not in answer.stderr.replace("shorter", "")


def test_an_administrator_is_made_with_the_school(run: Run, stored: Session) -> None:
    run("db", "upgrade")
    about = ("--name", "Linden Park School", "--zone", "America/Chicago", "--first", "Dora", "--last", "Office")

    answer = run(
        "create-admin", "--school", "linden", "--email", " Dora@Linden.Example", "--password", PASSWORD, *about
    )

    contact, school = stored.exec(select(Contact)).one(), stored.exec(select(School)).one()
    assert answer.exit_code == 0
    assert (contact.email, contact.level, contact.name) == ("dora@linden.example", Level.ADMINISTRATOR, "Dora Office")
    assert (school.slug, school.name, school.zone) == ("linden", "Linden Park School", "America/Chicago")
    assert is_password(login_of(stored, "dora@linden.example"), PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"--password": "fourteen chars"}, "Use at least 15 characters."),
        ({"--email": "nobody"}, "Enter an address like name@school.org."),
        ({"--school": "zoom"}, "Choose another short name"),
        ({"--school": "Linden Park"}, "Choose another short name"),
        ({"--zone": "EST5"}, "Choose a time zone"),
    ],
)
def test_what_cannot_be_used_makes_neither_administrator_nor_school(
    run: Run, stored: Session, arguments: dict[str, str], told: str
) -> None:
    run("db", "upgrade")
    good = {"--school": "linden", "--email": "dora@linden.example", "--password": PASSWORD}

    answer = run("create-admin", *[word for pair in (good | arguments).items() for word in pair])

    assert answer.exit_code == 2
    assert told in answer.stderr
    assert stored.exec(select(School)).all() == []
    assert stored.exec(select(Contact)).all() == []


def test_the_same_person_may_run_a_second_school_and_keeps_the_password(run: Run, school: str, stored: Session) -> None:
    second = ("create-admin", "--school", "maple", "--email", "dora@linden.example")

    answer = run(*second, "--password", "another long password")

    login = login_of(stored, "dora@linden.example")
    assert login is not None
    assert "The password that this address already has stays as it is." in answer.stdout
    assert is_password(login, PASSWORD)
    assert {member.school.slug for member in memberships(stored, login.id or 0)} == {"linden", "maple"}


def test_a_name_that_is_known_stays_when_none_is_given(run: Run, school: str, stored: Session) -> None:
    again = ("create-admin", "--school", school, "--email", "dora@linden.example", "--password", PASSWORD)

    run(*again, "--first", "Dora", "--last", "Office")
    run(*again)

    assert stored.exec(select(Contact)).one().name == "Dora Office"


def test_an_import_answers_with_exactly_one_json_document(run: Run, school: str, tmp_path: Path) -> None:
    folder = file(tmp_path / "roster", "students.txt", STUDENTS).parent
    file(folder, "teachers.txt", TEACHERS)

    answer = run("import-roster", "--school", school, folder, "--json")

    told = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert set(told) == {"created", "updated", "unchanged", "problems"}
    assert {frozenset(told[deed]) for deed in ("created", "updated", "unchanged")} == {frozenset(KINDS)}
    assert told["created"]["students"] == 2
    [problem] = told["problems"]
    assert set(problem) == {"file", "row", "column", "message"}
    assert (problem["file"], problem["row"], problem["column"]) == ("teachers.txt", 2, "Email")


def test_a_dry_run_says_the_same_and_changes_nothing(run: Run, school: str, stored: Session, tmp_path: Path) -> None:
    path = file(tmp_path, "students.txt", STUDENTS)

    tried = run("import-roster", "--school", school, path, "--dry-run", "--json")
    before = stored.exec(select(Student)).all()
    stored.rollback()
    applied = run("import-roster", "--school", school, path, "--json")

    assert before == []
    assert tried.stdout == applied.stdout
    assert len(stored.exec(select(Student)).all()) == 2


def test_a_zip_a_folder_and_a_file_come_to_the_same(run: Run, school: str, tmp_path: Path) -> None:
    path = file(tmp_path / "roster", "students.txt", STUDENTS)
    with zipfile.ZipFile(tmp_path / "roster.zip", "w") as archive:
        archive.write(path, "students.txt")

    told = [
        run("import-roster", "--school", school, each, "--dry-run", "--json").stdout
        for each in (path, path.parent, tmp_path / "roster.zip")
    ]

    assert len(set(told)) == 1
    assert json.loads(told[0])["created"]["students"] == 2


def test_without_json_people_read_what_happened(run: Run, school: str, tmp_path: Path) -> None:
    folder = file(tmp_path / "roster", "students.txt", STUDENTS).parent
    file(folder, "teachers.txt", TEACHERS)

    told = run("import-roster", "--school", school, folder).stdout

    assert "created: 2 students\nupdated: nothing\nunchanged: nothing\n" in told
    assert "teachers.txt, row 2, Email: " in told


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "is empty"), ("StudentID\tFirst\nS1\tMia\n", "Last"), ("Cat\tDog\n1\t2\n", "none of the headings")],
)
def test_a_file_refused_whole_is_told_on_stderr(run: Run, school: str, tmp_path: Path, content: str, told: str) -> None:
    answer = run("import-roster", "--school", school, file(tmp_path, "students.txt", content), "--json")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "students.txt" in answer.stderr
    assert told in answer.stderr


def test_an_unknown_school_and_a_missing_path_are_told_on_stderr(run: Run, school: str, tmp_path: Path) -> None:
    path = file(tmp_path, "students.txt", STUDENTS)

    nowhere = run("import-roster", "--school", "nowhere", path, "--json")
    missing = run("import-roster", "--school", school, tmp_path / "missing", "--json")

    assert (nowhere.exit_code, nowhere.stdout) == (2, "")
    assert nowhere.stderr == "There is no school with the short name nowhere.\n"
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "missing" in missing.stderr


def test_a_demo_s_directory_stands_for_its_settings(tmp_path: Path) -> None:
    files = DemoFiles(tmp_path / "demo")
    files.prepare()
    own = {"CONFAB_DATABASE_URL": files.settings().database_url}
    path = file(tmp_path, "students.txt", STUDENTS)
    keys = {name: secrets.token_hex(32) for name in ("CONFAB_SECRET_KEY", "CONFAB_TOKEN_KEYS")}
    _invoke(keys | own, "db", "upgrade")
    _invoke(keys | own, "create-admin", "--school", "linden", "--email", "a@b.example", "--password", PASSWORD)

    imported = _invoke({}, "import-roster", "--data-dir", tmp_path / "demo", "--school", "linden", path, "--json")
    elsewhere = _invoke({}, "import-roster", "--data-dir", tmp_path, "--school", "linden", path, "--json")

    assert imported.exit_code == 0, imported.stderr
    assert json.loads(imported.stdout)["created"]["students"] == 2
    assert elsewhere.exit_code == 2
    assert "There is no demo in" in elsewhere.stderr


def _invoke(environment: dict[str, str], *arguments: Any) -> Result:
    return CliRunner().invoke(confab, [str(one) for one in arguments], env=environment, catch_exceptions=False)
