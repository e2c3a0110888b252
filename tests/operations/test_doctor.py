"""The doctor says of each thing how it is and what to do, asks the outside for nothing twice, and tells no secret."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import make_calendar_link, make_connection, make_school, make_teacher
from fakes import make_tokens
from installation import Installation
from sandbox_school import SPEC, School
from sqlalchemy import text
from sqlmodel import Session, select

from webapp import clock
from webapp.models import Connection, Event, Message, Slot
from webapp.models import School as SchoolRow
from webapp.operations.doctor_clock import clock_finding
from webapp.operations.doctor_settings import makes_headers_of_words
from webapp.sandbox.run import RunningSandbox, start_sandbox
from webapp.sandbox.zoom import seed
from webapp.services.event.change_zone import change_zone
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import hold
from webapp.services.system.tokens import close_tokens, open_tokens

CANARY = "canary-in-a-coal-mine"


@pytest.fixture(autouse=True)
def _the_day_stands_still() -> None:
    """Here it goes on: it is compared with the outside's."""


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox() as running:
        seed(running.zoom, **SPEC)
        yield running


@dataclass
class Patient:
    """An installation whose outside is there and well, with one school's Zoom account connected."""

    installation: Installation
    sandbox: RunningSandbox

    def see(self, *arguments: str, **more: str) -> dict[str, Any]:
        """The findings by name, and under "" whether all is well."""
        answer = self.installation.run("doctor", "--json", *arguments, **more)
        told = json.loads(answer.stdout)
        assert answer.exit_code == (0 if told["is_well"] else 1)
        return {one["name"]: one for one in told["findings"]} | {"": told["is_well"]}

    def state(self, name: str, *arguments: str, **more: str) -> str:
        return str(self.see(*arguments, **more)[name]["state"])

    def connection(self, session: Session) -> Connection:
        return session.exec(select(Connection)).one()


@pytest.fixture
def patient(installation: Installation, sandbox: RunningSandbox) -> Patient:
    school = School(state=sandbox.zoom).connect()
    installation.environment |= {
        "CONFAB_TRUSTED_PROXIES": "1",
        "CONFAB_SUPPORT_ADDRESS": "help@school.example",
        "CONFAB_MAIL_SERVER": "127.0.0.1",
        "CONFAB_MAIL_PORT": str(sandbox.smtp_port),
        "CONFAB_MAIL_ENCRYPTION": "none",
        "CONFAB_MAIL_SENDER": "Linden Park <conferences@school.example>",
        "CONFAB_ZOOM_CLIENT_ID": school.app.id,
        "CONFAB_ZOOM_CLIENT_SECRET": school.app.secret,
        "CONFAB_ZOOM_OAUTH_URL": sandbox.zoom_url,
        "CONFAB_ZOOM_API_URL": f"{sandbox.zoom_url}/v2",
    }
    with installation.rows() as session:
        connection = make_connection(session, make_school(session, slug="linden"), connected_at=clock.now())
        close_tokens(session, connection, make_tokens(access=school.access, refresh=school.refresh))
    if installation.is_sqlite:
        Path(installation.url.removeprefix("sqlite:///")).chmod(0o600)
    installation.run("check")
    return Patient(installation, sandbox)


def test_a_well_installation_is_well(patient: Patient) -> None:
    findings = patient.see()

    ailing = {name: one for name, one in findings.items() if name and one["state"] != "ok"}
    assert findings[""]
    # This Python's own fault is none of the installation's.
    assert set(ailing) == ({"python"} if makes_headers_of_words() else set())
    assert {"safety", "schema", "writing", "keys", "jobs", "zoom", "clock", "connection of linden", "mail"} <= set(
        findings
    )


def test_people_read_it_line_by_line(patient: Patient) -> None:
    answer = patient.installation.run("doctor", CONFAB_SUPPORT_ADDRESS="")

    lines = answer.stdout.splitlines()
    assert answer.exit_code == 0
    assert "ok    schema             that of this version" in lines
    place = lines.index("warn  support address    not set")
    assert lines[place + 1].strip() == "→ CONFAB_SUPPORT_ADDRESS is shown where people get stuck."


@pytest.mark.parametrize(
    ("name", "state", "settings"),
    [
        ("safety", "bad", {"CONFAB_DEBUG": "1"}),
        ("safety", "bad", {"CONFAB_TOKEN_KEYS": "change-me-change-me-change-me-change-me"}),
        ("base url", "bad", {"CONFAB_BASE_URL": "http://conferences.school.example"}),
        ("base url", "warn", {"CONFAB_BASE_URL": "http://127.0.0.1:8000"}),
        ("trusted proxies", "warn", {"CONFAB_TRUSTED_PROXIES": "0"}),
        ("zoom app", "warn", {"CONFAB_ZOOM_CLIENT_ID": "", "CONFAB_ZOOM_CLIENT_SECRET": ""}),
        ("clock", "warn", {"CONFAB_ZOOM_CLIENT_ID": "", "CONFAB_ZOOM_CLIENT_SECRET": ""}),
        ("zoom app", "bad", {"CONFAB_ZOOM_CLIENT_SECRET": ""}),
        ("google app", "bad", {"CONFAB_GOOGLE_CLIENT_ID": "id"}),
        ("microsoft app", "bad", {"CONFAB_MICROSOFT_CLIENT_SECRET": "secret"}),
        ("zoom", "bad", {"CONFAB_ZOOM_API_URL": "http://127.0.0.1:1/v2"}),
        ("mail sender", "warn", {"CONFAB_MAIL_SENDER": "Confab <confab@localhost>"}),
        ("support address", "warn", {"CONFAB_SUPPORT_ADDRESS": ""}),
        ("mail", "bad", {"CONFAB_MAIL_SERVER": ""}),
        ("mail", "bad", {"CONFAB_MAIL_PORT": "1"}),
        ("mail", "bad", {"CONFAB_MAIL_ENCRYPTION": "starttls"}),
        ("mail", "bad", {"CONFAB_MAIL_ENCRYPTION": "tls"}),
        ("settings", "bad", {"CONFAB_SECRET_KEY": "short"}),
        ("database", "bad", {"CONFAB_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"}),
        ("keys", "bad", {"CONFAB_TOKEN_KEYS": "0123456789abcdef0123456789abcdefghij"}),
    ],
)
def test_what_is_set_wrong_is_named_with_what_to_do(
    patient: Patient, name: str, state: str, settings: dict[str, str]
) -> None:
    findings = patient.see(**settings)

    assert findings[name]["state"] == state
    assert findings[name]["todo"]


def test_a_database_that_strangers_may_open_is_bad_unless_its_folder_is_closed(
    on_sqlite: Installation, tmp_path: Path
) -> None:
    path = Path(on_sqlite.url.removeprefix("sqlite:///"))
    path.chmod(0o644)

    tmp_path.chmod(0o755)
    is_open = on_sqlite.run("doctor").stdout
    tmp_path.chmod(0o700)
    closed = on_sqlite.run("doctor").stdout

    assert f"bad   database place     {path} may be opened by everybody" in is_open
    assert f"chmod 600 {path}" in is_open
    assert f"ok    database place     {path}\n" in closed


def test_a_relative_path_and_an_old_schema_are_told(on_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(on_sqlite.folder)

    told = on_sqlite.run("doctor", CONFAB_DATABASE_URL="sqlite:///other.db").stdout

    assert "warn  database place     other.db is a relative path" in told
    assert "bad   schema             not that of this version" in told
    assert "→ ./confab db upgrade" in told


def test_a_guard_that_is_gone_is_told(on_sqlite: Installation) -> None:
    """D16"""
    with on_sqlite.rows() as session:
        session.execute(text("DROP INDEX uq_appointment_seat"))

    told = on_sqlite.run("doctor").stdout

    assert "bad   schema             lacks, or has otherwise: uq_appointment_seat of appointment" in told
    assert "→ Somebody changed the tables" in told


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, "ok"), (-2, "ok"), (2.9, "warn"), (-3, "warn"), (19, "warn"), (20, "bad"), (-4000, "bad")],
)
def test_a_clock_more_than_two_seconds_off_is_told_and_twenty_are_too_many(seconds: float, state: str) -> None:
    theirs = clock.now()

    assert clock_finding("clock", "Zoom's", theirs, theirs + timedelta(seconds=seconds)).state == state


@pytest.mark.parametrize(("ahead", "state"), [(6, "warn"), (-3600, "bad")])
def test_the_clock_is_compared_with_zooms(
    on_sqlite: Installation, sandbox: RunningSandbox, ahead: int, state: str
) -> None:
    settings = {"CONFAB_ZOOM_CLIENT_ID": "a", "CONFAB_ZOOM_CLIENT_SECRET": "b", "CONFAB_ZOOM_API_URL": sandbox.zoom_url}

    clock.move(timedelta(seconds=ahead))
    try:
        told = on_sqlite.run("doctor", "--json", **settings).stdout
    finally:
        clock.move(timedelta())

    [found] = [one for one in json.loads(told)["findings"] if one["name"] == "clock"]
    assert found["state"] == state
    assert ("ahead of" in found["found"]) == (ahead > 0)


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0, "ok", "as PostgreSQL's"),
        (7, "warn", "7 s ahead of PostgreSQL's"),
        (-3600, "bad", "3600 s behind PostgreSQL's"),
    ],
)
def test_the_clock_is_compared_with_postgresqls_without_a_zoom_app_too(
    on_postgres: Installation, ahead: int, state: str, words: str
) -> None:
    """Leases and the hours of booking go by the clock of each machine."""
    clock.move(timedelta(seconds=ahead))
    try:
        found = _findings(on_postgres)["database clock"]
    finally:
        clock.move(timedelta())

    assert (found["state"], found["found"]) == (state, words)
    assert ("timedatectl" in found["todo"]) == (ahead != 0)


def test_calendars_of_a_provider_that_is_not_set_up_any_more_are_told(patient: Patient) -> None:
    app = {"CONFAB_GOOGLE_CLIENT_ID": "id", "CONFAB_GOOGLE_CLIENT_SECRET": "secret"}
    with patient.installation.rows() as session:
        school = session.get_one(SchoolRow, patient.connection(session).school_id)
        link = make_calendar_link(session, make_teacher(session, school), connected_at=clock.now())
        close_tokens(session, link, make_tokens())

    here, gone = patient.see(**app), patient.see()

    assert "google calendars" not in here
    assert gone["google calendars"]["state"] == "bad"
    assert gone["google calendars"]["found"] == "1 linked, and this machine may call none of them"
    assert "CONFAB_GOOGLE_CLIENT_ID" in gone["google calendars"]["todo"]


def test_an_address_that_means_no_database_ends_without_a_traceback(on_sqlite: Installation) -> None:
    answer = on_sqlite.run("doctor", CONFAB_DATABASE_URL="nonsense")

    assert answer.exit_code == 2
    assert answer.stderr.startswith("The database cannot be used: ")


def test_work_that_nobody_does_is_told_by_its_age(patient: Patient) -> None:
    with patient.installation.rows() as session:
        school = patient.connection(session).school_id
        due = {"due_at": clock.now() - timedelta(minutes=3), "created_at": clock.now()}
        session.add(Message(school_id=school, kind="x", recipient="", dedupe_key="x", message_id="x", **due))

    waiting = patient.see()["jobs"]
    with patient.installation.rows() as session:
        session.exec(select(Message)).one().due_at = clock.now() - timedelta(minutes=11)
    stuck = patient.see()["jobs"]

    assert (waiting["state"], waiting["found"]) == ("warn", "1 mail waiting, the longest for 3 min")
    assert stuck["state"] == "bad"
    assert "CONFAB_RUN_JOBS" in stuck["todo"]


def test_an_hour_old_token_is_renewed_as_for_any_call_and_a_fresh_one_is_left_alone(patient: Patient) -> None:
    with patient.installation.rows() as session:
        before = open_tokens(session, patient.connection(session))
    patient.see()
    with patient.installation.rows() as session:
        connection = patient.connection(session)
        left_alone = open_tokens(session, connection)
        connection.access_expires_at = clock.now() - timedelta(minutes=1)

    found = patient.see()["connection of linden"]

    with patient.installation.rows() as session:
        renewed = open_tokens(session, patient.connection(session))
    assert left_alone == before
    assert renewed.access != before.access
    assert renewed.refresh != before.refresh
    assert (found["state"], found["found"]) == ("ok", "live; its tokens are 0 min old")


def test_a_connection_that_zoom_ended_is_bad_and_says_who_connects_again(patient: Patient) -> None:
    with patient.installation.rows() as session:
        close_tokens(session, patient.connection(session), make_tokens())

    refused, known = patient.see()["connection of linden"], patient.see()["connection of linden"]

    assert (refused["state"], known["state"]) == ("bad", "bad")
    assert "Connect and Map Contacts" in refused["todo"]
    assert known["found"] == "Zoom ended it"


def test_a_copy_on_hold_asks_nothing_in_its_originals_name(patient: Patient) -> None:
    """D6: a refresh by a copy would void the tokens of the original."""
    with patient.installation.rows() as session:
        hold(session, because="A copy.", who=SYSTEM, now=clock.now())
        patient.connection(session).access_expires_at = clock.now() - timedelta(minutes=1)
        before = patient.connection(session).refresh_token

    findings = patient.see()

    with patient.installation.rows() as session:
        assert patient.connection(session).refresh_token == before
    assert findings["hold"]["state"] == "warn"
    assert findings["hold"]["todo"] == "./confab resume, but only if no other installation runs on this data."
    assert "connection of linden" not in findings
    assert findings["clock"]["state"] == "ok"


def test_slots_that_new_rules_of_their_zone_have_moved_are_named_and_a_change_of_zone_and_back_mends_them(
    installation: Installation, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I15, and RELIABILITY 2.7: listed for a person, not applied silently."""
    monkeypatch.setattr(clock, "now", lambda: now)
    evening = installation.arrange(now)
    with installation.rows() as session:
        slot = session.exec(select(Slot)).one()
        starts, name = slot.starts_at, f"times of event {slot.event_id}"
        slot.starts_at, slot.ends_at = starts + timedelta(hours=1), slot.ends_at + timedelta(hours=1)

    moved = _findings(installation)[name]
    with installation.rows() as session:
        session.get_one(Event, evening.event.id).deleted_at = now
    of_a_deleted_event = _findings(installation)
    with installation.rows() as session:
        event = session.get_one(Event, evening.event.id)
        event.deleted_at = None
        for was, zone in (("America/Chicago", "Europe/Berlin"), ("Europe/Berlin", "America/Chicago")):
            change_zone(session, event, zone, was=was, tell=False, who=SYSTEM, now=now)

    assert moved["state"] == "bad"
    assert f"another time than was typed: {slot.id} (the first at 2026-12-03T17:00" in moved["found"]
    assert "Change time zone" in moved["todo"]
    assert name not in of_a_deleted_event
    assert name not in _findings(installation)
    with installation.rows() as session:
        assert session.exec(select(Slot)).one().starts_at == starts


def _findings(installation: Installation) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(installation.run("doctor", "--json").stdout)["findings"]}


def test_invariants_that_nobody_looks_at_are_told(patient: Patient) -> None:
    with patient.installation.rows() as session:
        session.execute(text("UPDATE installation SET checked_at = NULL"))

    assert patient.state("invariants") == "warn"


def test_no_mail_is_sent_unless_it_is_asked_for(patient: Patient) -> None:
    patient.see()
    silent = len(patient.sandbox.mailbox.find())

    found = patient.see("--send-test", "dora@school.example")["test mail"]

    assert silent == 0
    assert found["state"] == "ok"
    [message] = patient.sandbox.mailbox.find()
    assert message.recipients == ("dora@school.example",)


def test_an_address_that_cannot_be_used_is_told(patient: Patient) -> None:
    found = patient.see("--send-test", "dora@school.example, bob@school.example")["mail"]

    assert found["state"] == "bad"
    assert "The mail address cannot be used" in found["found"]


def test_no_secret_is_told_whatever_servers_quote(patient: Patient) -> None:
    """Canaries in every setting that is secret; the mail server repeats the password that it refuses."""
    with quoting_server() as port:
        secrets = {
            "CONFAB_SECRET_KEY": f"{CANARY}-1-0123456789-abcdefghij-XYZ",
            "CONFAB_SECRET_KEY_FALLBACKS": f"{CANARY}-2-0123456789-abcdefghij-XYZ",
            "CONFAB_TOKEN_KEYS": f"{CANARY}-3-0123456789-abcdefghij-XYZ",
            "CONFAB_MAIL_USERNAME": "confab",
            "CONFAB_MAIL_PASSWORD": f"{CANARY}-4",
            "CONFAB_ZOOM_CLIENT_SECRET": f"{CANARY}-5",
            "CONFAB_MAIL_PORT": str(port),
        }
        told = [patient.installation.run("doctor", *more, **secrets) for more in ((), ("--json",))]
    away = {"CONFAB_DATABASE_URL": f"postgresql+psycopg://nobody:{CANARY}-6@127.0.0.1:1/nowhere"}
    told.append(patient.installation.run("doctor", **away))

    with patient.installation.rows() as session:
        stored = open_tokens(session, patient.connection(session))
    everything = "".join(one.stdout + one.stderr for one in told)
    assert "I do not know •••" in everything
    assert CANARY not in everything
    assert stored.access not in everything
    assert stored.refresh not in everything


class quoting_server:  # noqa: N801 - used as a function is
    """A mail server that repeats what it was told."""

    def __enter__(self) -> int:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as talk:
                self._talk(talk)

    def _talk(self, talk: Any) -> None:
        talk.write(b"220 here\r\n")
        while line := talk.readline():
            if line.upper().startswith(b"EHLO"):
                talk.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            elif line.upper().startswith(b"AUTH PLAIN"):
                password = base64.b64decode(line.split()[-1]).rpartition(b"\0")[2]
                talk.write(b"535 I do not know " + password + b"\r\n")
            else:
                talk.write(b"250 yes\r\n")
