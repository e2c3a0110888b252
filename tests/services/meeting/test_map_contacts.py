"""Mapping runs as a task that a person watches, asks the provider outside of any transaction, and may be repeated."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from factories import make_connection, make_contact, make_host, make_school, make_teacher
from fakes import FakeGrants, FakeMailer, FakeMeetings, make_tokens
from sqlmodel import Session, select
from stages import ZoomStage

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Connection, Host, Level, Message, Task
from webapp.providers.base import PasscodeRule, Providers, RemoteAccount
from webapp.providers.zoom import zoom_meetings
from webapp.sandbox.run import start_sandbox
from webapp.services.meeting.map_contacts import KIND, run_mapping, start_mapping
from webapp.services.system.errand import Claim, claim_due
from webapp.services.system.task import latest_task
from webapp.services.system.tokens import close_tokens

DOWN = ProviderError("Down.", retry=True, code="unreachable")


@pytest.fixture
def zoom() -> FakeMeetings:
    return FakeMeetings()


@pytest.fixture
def providers(zoom: FakeMeetings) -> Providers:
    return Providers({"zoom": zoom.for_store}, {"zoom": FakeGrants()}, {"zoom": zoom.link_hosts}, FakeMailer())


def started(database: Database, now: datetime, *, teachers: int = 3) -> tuple[int, Claim]:
    """A connected school with teachers, and its claimed task."""
    with database.transaction() as session:
        school = make_school(session)
        close_tokens(session, make_connection(session, school), make_tokens())
        for n in range(teachers):
            make_teacher(session, school, email=f"t{n}@linden.example")
        dora = make_contact(session, school, "Dora", level=Level.ADMINISTRATOR, email="dora@linden.example")
        start_mapping(session, school.id or 0, "zoom", dora.id, now)
        [claim] = claim_due(session, Task, now=now)
        return school.id or 0, claim


def task_of(database: Database, school_id: int) -> Task:
    with database.reading() as session:
        task = latest_task(session, school_id, KIND)
        assert task is not None
        return task


def hosts(database: Database) -> list[Host]:
    with database.reading() as session:
        return list(session.exec(select(Host).order_by(Host.contact_id)))


def at(now: datetime) -> Callable[[], datetime]:
    return lambda: now


def test_a_whole_run_maps_reads_the_rules_and_says_what_came_of_it(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime
) -> None:
    """R10, R14, R15, R94"""
    first = zoom.add_user("T0@linden.example")
    zoom.add_user("t1@linden.example", status="pending")
    zoom.rules[first.key] = PasscodeRule(length=6, only_allow_numeric=True)
    school_id, claim = started(database, now)

    run_mapping(database, providers, claim, at(now))

    task = task_of(database, school_id)
    assert (task.ended_at, task.due_at, task.claim, task.problem, task.done, task.total) == (
        now,
        None,
        None,
        None,
        3,
        3,
    )
    result = json.loads(task.result)
    assert (result["mapped"], result["pending"], result["not_found"], result["changed"]) == (1, 1, 1, 3)
    assert [(host.state, host.remote_id) for host in hosts(database)] == [
        ("mapped", first.key),
        ("pending", ""),
        ("not_found", ""),
    ]
    assert json.loads(hosts(database)[0].passcode_rule)["only_allow_numeric"] is True


def test_a_whole_run_against_zoom(database: Database, now: datetime) -> None:
    """R6, R14, R16: the real client and the stored tokens, over real HTTP."""
    with start_sandbox() as running:
        zoom = ZoomStage(running.zoom_url)
        first = zoom.add_user("T0@linden.example", rule="digits")
        zoom.add_user("t1@linden.example", status="pending")
        zoom.add_user("t2@linden.example", status="inactive")
        school_id, claim = started(database, now, teachers=4)
        with database.transaction() as session:
            connection = session.exec(select(Connection)).one()
            connection.account_id = zoom.state()["account"]["id"]
            close_tokens(session, connection, replace(zoom.store.tokens, access="refused"))
        real = Providers({"zoom": zoom_meetings(zoom.settings)}, {"zoom": zoom.grants}, {}, FakeMailer())

        run_mapping(database, real, claim, at(now))

        assert json.loads(task_of(database, school_id).result)["mapped"] == 1
        states = [(host.state, host.remote_id == first) for host in hosts(database)]
        assert states == [("mapped", True), ("pending", False), ("inactive", False), ("not_found", False)]
        assert json.loads(hosts(database)[0].passcode_rule)["only_allow_numeric"] is True
        assert len(zoom.calls("oauthToken")) == 2


@pytest.mark.both_databases
def test_a_grant_that_answers_for_another_account_is_held_until_somebody_connects_again(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OAUTH-021: its users are not those whom the teachers were mapped to."""
    zoom.add_user("t0@linden.example")
    school_id, claim = started(database, now)
    elm = RemoteAccount("other", "Elm", "office@elm.example")
    monkeypatch.setattr(zoom, "account", lambda: elm)

    run_mapping(database, providers, claim, at(now))

    task = task_of(database, school_id)
    with database.reading() as session:
        connection = session.exec(select(Connection)).one()
        mails = session.exec(select(Message.recipient)).all()
    assert (task.problem_code, json.loads(task.problem_values)["account"]) == ("other_account", "office@elm.example")
    assert (connection.is_live, connection.account_id, connection.problem) == (False, "acc", task.problem)
    assert hosts(database) == []
    assert mails == ["dora@linden.example"]


def test_no_transaction_is_open_while_the_provider_is_asked(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime
) -> None:
    zoom.add_user("t0@linden.example")
    _, claim = started(database, now)
    written: list[str] = []

    def write(method: str) -> None:
        with database.transaction() as session:
            make_school(session)
            written.append(method)

    zoom.on_call = write
    run_mapping(database, providers, claim, at(now))

    assert written == ["account", "users", "passcode_rule"]


def test_progress_can_be_watched(database: Database, providers: Providers, zoom: FakeMeetings, now: datetime) -> None:
    """R15: and each report keeps the claim for another lease."""
    for n in range(12):
        zoom.add_user(f"t{n}@linden.example")
    school_id, claim = started(database, now, teachers=12)
    seen: list[tuple[int, int]] = []
    due: list[datetime | None] = []
    later = now + timedelta(seconds=50)

    def look(method: str) -> None:
        task = task_of(database, school_id)
        seen.append((task.done, task.total))
        due.append(task.due_at)

    zoom.on_call = look
    run_mapping(database, providers, claim, at(later))

    assert sorted(set(seen)) == [(0, 12), (5, 12), (10, 12)]
    assert due[-1] == later + timedelta(seconds=60)


@pytest.mark.parametrize(
    "error", [DOWN, ProviderError("No permission.", retry=False, code="scopes", detail="4711: scopes")]
)
def test_trouble_ends_the_task_with_a_reason_and_changes_no_mapping(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime, error: ProviderError
) -> None:
    school_id, claim = started(database, now)
    with database.transaction() as session:
        contact = session.get_one(Task, claim.id).contact_id
        make_host(session, make_teacher(session, make_school(session)))
    zoom.fail("users", error)

    run_mapping(database, providers, claim, at(now))

    task = task_of(database, school_id)
    assert (task.ended_at, task.due_at, task.problem_code) == (now, None, error.code)
    assert task.problem == error.message
    assert task.contact_id == contact
    assert len(hosts(database)) == 1


def test_a_school_that_is_not_connected_is_told_so(database: Database, providers: Providers, now: datetime) -> None:
    with database.transaction() as session:
        school = make_school(session)
        start_mapping(session, school.id or 0, "zoom", None, now)
        [claim] = claim_due(session, Task, now=now)
        school_id = school.id or 0

    run_mapping(database, providers, claim, at(now))

    assert task_of(database, school_id).problem_code == "not_connected"


def test_rules_that_cannot_be_read_just_now_do_not_stop_the_mapping(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime
) -> None:
    for n in range(6):
        zoom.add_user(f"t{n}@linden.example")
    school_id, claim = started(database, now, teachers=6)
    zoom.fail("passcode_rule", DOWN, times=10)

    run_mapping(database, providers, claim, at(now))

    assert json.loads(task_of(database, school_id).result)["mapped"] == 6
    assert {host.passcode_rule for host in hosts(database)} == {""}
    assert zoom.calls.count("passcode_rule") == 3


def test_a_dead_grant_while_rules_are_read_ends_the_task(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime
) -> None:
    zoom.add_user("t0@linden.example")
    school_id, claim = started(database, now)
    zoom.fail("passcode_rule", ProviderError("Dead.", retry=False, code="invalid_grant"))

    run_mapping(database, providers, claim, at(now))

    assert task_of(database, school_id).problem_code == "invalid_grant"


def test_a_run_that_was_overtaken_writes_nothing(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime
) -> None:
    """The other one does all of it."""
    zoom.add_user("t0@linden.example")
    school_id, claim = started(database, now)

    def overtake(method: str) -> None:
        with database.transaction() as session:
            session.get_one(Task, claim.id).claim = "theirs"

    zoom.on_call = overtake
    run_mapping(database, providers, claim, at(now))

    assert task_of(database, school_id).ended_at is None
    assert hosts(database) == []


def test_a_claim_that_is_not_ours_does_nothing(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime
) -> None:
    _, claim = started(database, now)

    run_mapping(database, providers, Claim(claim.id, "stale"), at(now))

    assert zoom.calls == []


def test_a_second_click_watches_the_mapping_that_runs(session: Session, now: datetime) -> None:
    """R17"""
    school = make_school(session)
    first = start_mapping(session, school.id or 0, "zoom", None, now)

    assert start_mapping(session, school.id or 0, "zoom", None, now) is first
    first.ended_at, first.due_at = now, None
    session.flush()
    assert start_mapping(session, school.id or 0, "zoom", None, now) is not first
    assert session.info["topics"] == {"task"}


def test_two_runs_at_once_end_in_one_mapping(
    database: Database, providers: Providers, zoom: FakeMeetings, now: datetime
) -> None:
    zoom.add_user("t0@linden.example")
    school_id, claim = started(database, now)
    with database.transaction() as session:
        task = session.get_one(Task, claim.id)
        session.add(Task(school_id=school_id, kind=KIND, arguments=task.arguments, created_at=now, due_at=now))
        session.flush()
        [other] = claim_due(session, Task, now=now)
    runs = [threading.Thread(target=run_mapping, args=(database, providers, one, at(now))) for one in (claim, other)]

    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert [(host.state, host.contact_id is not None) for host in hosts(database)] == [
        ("mapped", True),
        ("not_found", True),
        ("not_found", True),
    ]
