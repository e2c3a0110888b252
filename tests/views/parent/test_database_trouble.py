"""Where the database is away, full or taken, a page says so with 503, and works again as soon as the database does."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from app import Browser, fake_providers, make_app
from app import test_settings as settings_of
from broken import broken
from conftest import KEY
from factories import make_school
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from households import Households, text_of
from postgres import end_all_connections
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from webapp.db import Database, trouble
from webapp.logs import JsonLines

both_databases = pytest.mark.both_databases
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)

NOTHING = "Something went wrong here. Nothing was changed."
UNSURE = "We could not find out whether this was saved. Look before you try again."


@pytest.fixture
def away() -> Iterator[Flask]:
    """An application whose database cannot be reached."""
    settings = settings_of("postgresql+psycopg://nobody@127.0.0.1:1/nowhere", KEY)
    app = make_app(settings, fake_providers(FakeMeetings(), FakeMailer()))
    yield app
    app.extensions["confab"].database.dispose()


def engine_of(homes: Households) -> Engine:
    engine: Engine = homes.app.extensions["confab"].database.engine
    return engine


def is_told(answer: Any, words: str = NOTHING) -> bool:
    return (answer.status_code, answer.headers.get("Retry-After")) == (503, "3") and words in text_of(answer.text)


@pytest.mark.parametrize(
    ("path", "is_known"),
    [("/linden/", False), ("/linden/fall/", False), ("/linden/fall/mine", True), ("/s/linden/events", True)],
)
def test_whoever_comes_while_the_database_is_away_is_asked_to_wait(away: Flask, path: str, is_known: bool) -> None:
    """OPS-003, without the database's help for the page that says so."""
    browser = Browser(away)
    with browser.client.session_transaction() as cookie:
        cookie.update({"_user_id": "somebody"} if is_known else {})

    answers = [browser.get(path), browser.htmx(path)]

    assert all(is_told(answer) for answer in answers)


def test_a_form_that_is_sent_while_the_database_is_away_has_changed_nothing(away: Flask) -> None:
    browser = Browser(away)
    with browser.client.session_transaction() as cookie:
        cookie["_user_id"] = "somebody"

    assert is_told(browser.post("/linden/fall/book", {"key": "x"}))
    assert is_told(browser.post("/linden/fall/times", htmx=True))


def test_what_needs_no_database_is_there_without_it(away: Flask) -> None:
    browser = Browser(away)

    assert browser.get("/livez").status_code == 200
    with browser.get("/static/app.css") as sheet:
        assert sheet.status_code == 200


def test_the_log_says_it_once_and_of_nobody(away: Flask, caplog: pytest.LogCaptureFixture) -> None:
    Browser(away).get("/linden/fall/?email=alice@linden.example")

    [record] = [one for one in caplog.records if one.levelno >= logging.ERROR]
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["route"]) == ("the database could not be used", "/<school>/<event>/")
    assert line["reason"] == "OperationalError"
    assert not {"alice", "nobody", "127.0.0.1"} & set(json.dumps(line).replace("/", " ").replace("@", " ").split())


@on_postgresql
def test_a_booking_whose_connection_is_ended_is_not_made_and_can_be_sent_again(
    homes: Households, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, pick = homes.key(), homes.pick("mia", "Folake", 0, "V")
    with monkeypatch.context() as patched:
        patched.setattr("webapp.faults.point", lambda name: _at(name, "booking.validated", homes))
        ended = homes.book("alice", pick, key=key)

    left = homes.standing()
    again = homes.book("alice", pick, key=key)

    assert is_told(ended)
    assert left == []
    assert (again.status_code, len(homes.standing())) == (303, 1)


def _at(name: str, point: str, homes: Households) -> None:
    if name == point:
        end_all_connections(homes.database)


@on_postgresql
def test_a_connection_that_ends_once_all_is_read_spoils_no_page(homes: Households) -> None:
    """It has only to be given back then."""
    after: Callable[[Any], Any] = lambda response: end_all_connections(homes.database) or response  # noqa: E731
    homes.app.after_request_funcs[None].append(after)

    assert homes.browser("alice").get(f"{homes.base}/mine").status_code == 200
    homes.app.after_request_funcs[None].remove(after)
    assert homes.browser("alice").get(f"{homes.base}/mine").status_code == 200


@both_databases
def test_a_database_that_may_only_be_read_shows_its_pages_and_takes_no_booking(homes: Households) -> None:
    """As a standby is, or a disk that was mounted anew after a fault."""
    read_only = "PRAGMA query_only=ON" if homes.database.is_sqlite else "SET default_transaction_read_only = on"
    pick = homes.pick("mia", "Folake", 0, "V")

    with _each_connection(homes, read_only):
        looked, sent = homes.browser("alice").get(f"{homes.base}/mine"), homes.book("alice", pick)

    assert looked.status_code == 200
    assert is_told(sent)
    assert homes.standing() == []
    assert homes.book("alice", pick).status_code == 303


@on_sqlite
def test_a_full_disk_keeps_nothing_half_and_takes_bookings_when_there_is_room(homes: Households) -> None:
    """BOOK-049, OPS-006"""
    pick = homes.pick("mia", "Folake", 0, "V")
    with _each_connection(homes, "PRAGMA max_page_count=1"):  # which makes it as many as there are
        _until_full(homes, pick)
        before = homes.standing()
        refused, looked = homes.book("alice", pick), homes.browser("alice").get(f"{homes.base}/mine")

    with homes.database.reading() as session:
        assert broken(session) == {}
    assert is_told(refused)
    assert looked.status_code == 200
    assert homes.standing() == before == []
    assert homes.book("alice", pick).status_code == 303


def _until_full(homes: Households, pick: str) -> None:
    """Booked and cancelled again, until one of the two finds no room."""
    for _ in range(200):
        if homes.book("alice", pick).status_code == 503:
            return
        [booked] = homes.standing()
        if (
            homes.browser("alice").post(f"{homes.base}/a/{booked.token}/cancel", {"key": homes.key()}).status_code
            == 503
        ):
            pytest.fail("the room ended with a cancellation: let the test book less at once")
    pytest.fail("the disk is never full")


class _each_connection:  # noqa: N801 - used as a function is
    """Of the application's, opened anew, with this said first; afterwards without it."""

    def __init__(self, homes: Households, statement: str) -> None:
        self.engine, self.statement = engine_of(homes), statement

    def __enter__(self) -> None:
        event.listen(self.engine, "connect", self._say)
        self.engine.dispose()

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "connect", self._say)
        self.engine.dispose()

    def _say(self, connection: Any, _record: object) -> None:
        connection.execute(self.statement)
        connection.commit()


def test_a_database_that_goes_while_a_page_is_said_not_to_be_there_is_away_too(
    homes: Households, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    homes.app.config["PROPAGATE_EXCEPTIONS"] = False  # as in an installation
    monkeypatch.setattr("webapp.views.problems.present_school", gone)

    assert is_told(homes.browser("alice").get("/nowhere/fall/"))


@both_databases
def test_who_finds_no_connection_free_is_asked_to_come_back(homes: Households, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(homes)
    monkeypatch.setattr(engine.pool, "_timeout", 0.01)
    taken = [engine.connect() for _ in range(engine.pool.size() + engine.pool._max_overflow)]

    refused = homes.browser("alice").get(f"{homes.base}/mine")
    for connection in taken:
        connection.close()

    assert is_told(refused)
    assert homes.browser("alice").get(f"{homes.base}/mine").status_code == 200


def test_after_a_first_commit_of_the_request_nobody_says_that_nothing_was_changed(homes: Households) -> None:
    lost = OperationalError("SELECT 1", {}, Exception("gone"))

    with homes.app.test_request_context("/", method="POST"):
        before = homes.app.make_response(homes.app.handle_user_exception(lost))
        with homes.app.extensions["confab"].database.transaction() as session:
            make_school(session, slug="other")
        after = homes.app.make_response(homes.app.handle_user_exception(lost))

    assert NOTHING in before.get_data(as_text=True)
    assert UNSURE in after.get_data(as_text=True)
    assert (before.status_code, after.status_code) == (503, 503)


@pytest.mark.parametrize("kind", [IntegrityError, ProgrammingError])
def test_a_fault_of_our_own_statements_is_still_a_fault(homes: Households, kind: Any) -> None:
    with homes.app.test_request_context("/"):
        answer = homes.app.make_response(homes.app.handle_user_exception(kind("SELECT 1", {}, Exception("no"))))

    assert answer.status_code == 500


@both_databases
def test_a_statement_that_nobody_can_make_out_is_our_fault(database: Database) -> None:
    """SQLite tells it by the class by which it tells a full disk; PostgreSQL refuses what comes after it as well."""
    with database.engine.connect() as connection:
        for _ in range(2):
            with pytest.raises(DBAPIError) as found:
                connection.execute(text("SELECT nothing FROM nowhere"))
            assert trouble(found.value) == ""
