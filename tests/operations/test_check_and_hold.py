"""`check` names what is broken by number; `hold` and `resume` turn the switch and say what comes of it."""

import json
from datetime import datetime

import pytest
from evening import Evening
from factories import make_appointment
from installation import Installation
from sqlmodel import select

from webapp.demo.files import DemoFiles
from webapp.models import Appointment
from webapp.models import Installation as Row
from webapp.services.system.installation import hold_of, last_check
from webapp.services.system.task import start_task


def test_a_sound_database_is_said_to_hold_and_the_time_is_kept(installation: Installation, now: datetime) -> None:
    installation.arrange(now)

    answer, as_json = installation.run("check"), installation.run("check", "--json")

    assert (answer.exit_code, answer.stdout) == (0, "All invariants hold.\n")
    assert json.loads(as_json.stdout) == {"holds": True, "broken": []}
    with installation.rows() as session:
        assert last_check(session) == now


def test_what_is_broken_is_named_by_number_and_ends_with_1(installation: Installation, now: datetime) -> None:
    installation.arrange(now)
    installation.break_something()
    with installation.rows() as session:
        number = session.exec(select(Appointment.id)).one()

    answer, as_json = installation.run("check"), installation.run("check", "--json")

    name = "an appointment whose student's minutes are not held"
    assert (answer.exit_code, answer.stdout) == (1, f"Broken: {name}: {number}\n")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout) == {"holds": False, "broken": [{"name": name, "rows": [[number]]}]}
    with installation.rows() as session:
        assert last_check(session) is None


def test_of_many_rows_the_first_are_shown(on_sqlite: Installation, now: datetime) -> None:
    evening = on_sqlite.arrange(now)
    with on_sqlite.rows() as session:
        evening.session = session
        for _ in range(24):
            make_appointment(session, evening.slot(kind="P"), evening.alice)

    said = on_sqlite.run("check").stdout

    [line] = [line for line in said.splitlines() if "parent's minutes" in line]
    assert line.endswith(" and 4 more")
    assert line.count(",") == 19


def test_hold_and_resume_turn_the_switch_and_say_what_is_due(installation: Installation, now: datetime) -> None:
    installation.arrange(now)

    held = installation.run("hold", "--because", "The server moves.")
    with installation.rows() as session:
        reason = hold_of(session)
    resumed = installation.run("resume")
    with installation.rows() as session:
        after = hold_of(session)

    assert held.exit_code == resumed.exit_code == 0
    assert "./confab resume" in held.stdout
    assert reason is not None
    assert reason.because == "The server moves."
    assert resumed.stdout == "Resumed. Due now: 1 online meeting.\n"
    assert after is None


def test_resuming_names_whatever_kind_of_work_is_due(installation: Installation, now: datetime) -> None:
    with installation.rows() as session:
        evening = Evening(session, now, "zoom")
        evening.linked()
        [appointment] = evening.book(evening.slot())
        for waiting in (*evening.messages(), *evening.entries(appointment)):
            waiting.due_at = now
        for _ in range(2):
            start_task(session, evening.school.id or 0, "revoke", {}, None, now)
    installation.run("hold")

    resumed = installation.run("resume")

    assert resumed.exit_code == 0
    assert resumed.stdout == "Resumed. Due now: 1 online meeting, 1 calendar entry, 1 mail, 2 tasks.\n"


def test_resuming_twice_is_harmless(installation: Installation) -> None:
    answers = [installation.run("resume") for _ in range(2)]

    assert [(one.exit_code, one.stdout) for one in answers] == [(0, "It was not on hold.\n")] * 2


@pytest.mark.parametrize("command", ["check", "hold", "resume", "backup"])
def test_an_old_schema_is_refused_without_a_traceback(on_sqlite: Installation, command: str) -> None:
    empty = f"sqlite:///{on_sqlite.folder / 'empty.db'}"

    answer = on_sqlite.run(command, CONFAB_DATABASE_URL=empty)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == "The database has an old schema. Run: ./confab db upgrade\n"


@pytest.mark.parametrize("command", ["check", "hold", "resume", "backup"])
def test_missing_settings_and_an_unreachable_database_are_told(on_sqlite: Installation, command: str) -> None:
    unset = on_sqlite.run(command, CONFAB_SECRET_KEY="")
    away = on_sqlite.run(command, CONFAB_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/nowhere")

    assert (unset.exit_code, away.exit_code) == (2, 2)
    assert unset.stderr.startswith("Settings:\nCONFAB_SECRET_KEY: ")
    assert away.stderr.startswith("The database cannot be used: ")


def test_a_demo_s_directory_stands_for_its_settings(on_sqlite: Installation) -> None:
    files = DemoFiles(on_sqlite.folder / "demo")
    files.prepare()
    own = {"CONFAB_DATABASE_URL": files.settings().database_url}
    on_sqlite.run("db", "upgrade", **own)

    held = on_sqlite.run("hold", "--data-dir", files.directory)
    elsewhere = on_sqlite.run("hold", "--data-dir", on_sqlite.folder)

    assert held.exit_code == 0
    with on_sqlite.rows(files.settings().database_url) as session:
        assert session.get_one(Row, 1).held_at is not None
    with on_sqlite.rows() as session:
        assert session.get_one(Row, 1).held_at is None
    assert elsewhere.exit_code == 2
    assert "There is no demo in" in elsewhere.stderr
