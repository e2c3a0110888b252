"""One command starts a school to play with, tells how to get in, and leaves nothing behind when it ends."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from demo_process import DemoProcess

from webapp.demo.files import DemoFiles

KEYS = {"url", "sandbox_url", "google_url", "microsoft_url", "mailbox_url", "event_url", "school", "data_dir"}
KEYS |= {"admin", "teacher", "parent"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    running = DemoProcess(tmp_path_factory.mktemp("demo") / "data", "--port", "0")
    yield running
    rest = running.end()
    assert rest == "", "more than one line on stdout"
    assert running.process.returncode == 0
    assert running.is_gone()


@pytest.fixture
def rows(demo: DemoProcess) -> Iterator[sqlite3.Cursor]:
    with closing(sqlite3.connect(f"file:{demo.data_dir / 'demo.db'}?mode=ro", uri=True)) as database:
        yield database.cursor()


def test_the_line_of_json_has_what_a_program_needs(demo: DemoProcess) -> None:
    facts = demo.facts

    assert set(facts) == KEYS
    assert facts["school"] == "linden"
    assert facts["event_url"] == f"{facts['url']}/linden/fall/"
    assert Path(facts["data_dir"]) == demo.data_dir.resolve()
    assert all(set(facts[who]) == {"email", "password"} for who in ("admin", "teacher", "parent"))
    assert requests.get(f"{facts['url']}/readyz", timeout=5).text == "ready\n"
    assert "Fall Conferences" in requests.get(facts["event_url"], timeout=5).text


def test_the_data_is_its_owner_s_alone(demo: DemoProcess) -> None:
    assert demo.data_dir.stat().st_mode & 0o077 == 0
    assert (demo.data_dir / "demo.json").stat().st_mode & 0o077 == 0


def test_the_log_is_json_on_stderr_and_tells_no_password(demo: DemoProcess) -> None:
    demo.sign_in("admin")

    log = demo.log.read_text()

    assert all(json.loads(line)["event"] for line in log.splitlines())
    assert not any(demo.facts[who][what] in log for who in ("admin", "parent") for what in ("email", "password"))


def test_the_school_has_its_teachers_in_three_grades_and_its_families(rows: sqlite3.Cursor) -> None:
    teachers = rows.execute("SELECT count(*) FROM contact WHERE teacher_ref IS NOT NULL").fetchone()[0]
    grades = rows.execute("SELECT group_name, count(*) FROM resource GROUP BY 1 ORDER BY 1").fetchall()
    zone = rows.execute("SELECT zone FROM school").fetchone()[0]
    families = rows.execute("SELECT count(*) FROM guardian GROUP BY contact_id").fetchall()

    assert teachers == 12
    assert grades == [("Grade 1", 4), ("Grade 3", 4), ("Grade 5", 4)]
    assert zone == "America/Chicago"
    assert len(families) == 60
    assert sum(children > 1 for (children,) in families) >= 10


def test_names_are_long_right_to_left_and_chinese_too(rows: sqlite3.Cursor) -> None:
    people = "SELECT first || ' ' || last FROM contact WHERE id IN (SELECT contact_id FROM guardian)"
    names = [name for (name,) in rows.execute(people)]

    assert sum(len(name) > 50 for name in names) == 1
    assert sum(any(unicodedata.bidirectional(letter) == "AL" for letter in name) for name in names) == 1
    assert sum(any("CJK" in unicodedata.name(letter, "") for letter in name) for name in names) == 1


def test_the_event_is_open_and_some_days_ahead(rows: sqlite3.Cursor) -> None:
    now = datetime.now(UTC)
    opens, closes = map(_instant, rows.execute("SELECT opens_at, closes_at FROM eventsettings").fetchone())
    first, last, kinds = rows.execute(
        "SELECT min(starts_at), max(starts_at), group_concat(DISTINCT kind) FROM slot"
    ).fetchone()

    assert opens < now < closes
    assert timedelta(days=5) < _instant(first) - now < timedelta(days=15)
    assert closes < _instant(first) < _instant(last)
    assert set(kinds.split(",")) == {"P", "V", "PV"}


def test_zoom_knows_most_teachers_and_four_only_half(demo: DemoProcess, rows: sqlite3.Cursor) -> None:
    users = requests.get(f"{demo.facts['sandbox_url']}/control/state", timeout=5).json()["users"]
    emails = [email for (email,) in rows.execute("SELECT email FROM contact WHERE teacher_ref IS NOT NULL")]

    known = {user["email"]: user["status"] for user in users}
    states = sorted(known.get(email, "missing") for email in emails)
    assert states == ["active"] * 8 + ["inactive", "missing", "missing", "pending"]
    assert [email for email in known if email.endswith("@staff.lindenpark.example")] == [
        "zofia.jankowski@staff.lindenpark.example"
    ]


@pytest.mark.parametrize(("who", "page"), [("admin", "events"), ("teacher", "reports/teachers-schedule")])
def test_staff_sign_in_with_what_was_printed(demo: DemoProcess, who: str, page: str) -> None:
    browser = demo.sign_in(who)

    answer = browser.get(f"{demo.facts['url']}/s/linden/{page}", timeout=10)

    assert answer.status_code == 200


def test_the_parent_signs_in_with_the_password_that_was_printed(demo: DemoProcess) -> None:
    browser, event = requests.Session(), demo.facts["event_url"]

    asked = demo.post(browser, event, email=demo.facts["parent"]["email"])
    sent = demo.post(browser, f"{event}code", f"{event}password", password=demo.facts["parent"]["password"])

    assert (asked.status_code, sent.status_code) == (303, 303)
    assert browser.get(f"{event}teachers", timeout=10, allow_redirects=False).status_code == 200


def test_a_parent_s_code_arrives_in_the_mailbox_and_lets_them_in(demo: DemoProcess) -> None:
    browser, event, email = requests.Session(), demo.facts["event_url"], "claire.bennett@mail.example"
    demo.post(browser, event, email=email)

    [mail] = _mail_to(demo, email)
    code = re.search(r"\d{3} \d{3}", mail["text"])
    assert code
    sent = demo.post(browser, f"{event}code", code=code[0])

    assert sent.status_code == 303
    assert browser.get(f"{event}teachers", timeout=10, allow_redirects=False).status_code == 200


def test_an_empty_one_has_an_administrator_and_finds_itself_again(tmp_path: Path) -> None:
    first = DemoProcess(tmp_path / "data", "--port", "0", "--empty")
    with closing(sqlite3.connect(tmp_path / "data" / "demo.db")) as database:
        counted = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}
    first.end()
    second = DemoProcess(tmp_path / "data", "--port", "0", "--empty")
    browser = second.sign_in("admin")
    page = browser.get(f"{second.facts['url']}/s/linden/events", timeout=10)
    second.end(signal.SIGINT)

    assert counted == {name: int(name in {"contact", "login", "school"}) for name in TABLES}
    assert [first.facts[name] for name in ("event_url", "teacher", "parent")] == [None, None, None]
    assert second.facts["admin"] == first.facts["admin"]
    assert second.ports[1:] == first.ports[1:]
    assert page.status_code == 200
    assert (first.process.returncode, second.process.returncode) == (0, 0)
    assert first.is_gone()
    assert second.is_gone()


def test_what_a_killed_first_start_left_does_not_stop_the_next_one(tmp_path: Path) -> None:
    DemoFiles(tmp_path / "data").prepare()
    (tmp_path / "data" / "demo.db").write_text("half a database")

    demo = DemoProcess(tmp_path / "data", "--port", "0", "--empty")
    demo.sign_in("admin")
    demo.end()

    assert demo.process.returncode == 0


def test_a_directory_with_data_is_not_called_empty(demo: DemoProcess) -> None:
    ended = _demo("--data-dir", str(demo.data_dir), "--port", "0", "--empty")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "holds a demo with data" in ended.stderr


def test_a_taken_port_is_said_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        ended = _demo("--data-dir", str(tmp_path / "data"), "--port", port, "--json")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"Port {port} cannot be used: Address already in use." in ended.stderr
    assert not (tmp_path / "data" / "demo.db").exists()


TABLES = ("school", "login", "contact", "student", "class", "event", "resource", "slot", "appointment", "connection")


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "webapp.cli", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def _instant(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _mail_to(demo: DemoProcess, email: str) -> list[Any]:
    """Asks until it is there: the mailbox answers as soon as a message for this address has come."""
    feed = f"{demo.facts['mailbox_url']}/messages.json"
    messages: list[Any] = requests.get(feed, {"to": email, "wait": "20"}, timeout=30).json()
    return messages
