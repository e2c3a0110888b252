"""What changes something has to come from our own pages, and a form's key is ours and not too old."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from app import Browser, fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact, make_school
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from webapp import clock, csrf
from webapp.csrf import new_key, request_key
from webapp.db import Database
from webapp.errors import Invalid
from webapp.models import SignIn

TYPED = {"email": "dora@linden.example", "password": "not this one at all"}
HERE = "http://localhost"


@pytest.fixture
def app(database: Database) -> Iterator[Flask]:
    with opened(database) as made:
        yield made


@contextmanager
def opened(database: Database, **settings: Any) -> Iterator[Flask]:
    made = make_app(
        settings_of(f"sqlite:///{database.engine.url.database}", KEY, **settings),
        fake_providers(FakeMeetings(), FakeMailer()),
    )
    yield made
    made.extensions["confab"].database.dispose()


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """Has opened the sign-in page."""
    browser = Browser(app)
    assert browser.get("/sign-in").status_code == 200
    return browser


def value_of(browser: Browser) -> str:
    with browser.client.session_transaction() as session:
        return str(session["csrf"])


def send(browser: Browser, headers: dict[str, str] | None = None, **form: Any) -> int:
    """Signing in with a wrong password: 422 once the request is taken for our own page's."""
    answer = browser.client.post("/sign-in", data=TYPED | form, headers=headers)
    return int(answer.status_code)


def test_the_value_of_the_page_is_taken(visitor: Browser) -> None:
    page = visitor.get("/sign-in").text
    [value] = re.findall(r'name="csrf" value="([^"]+)"', page)

    assert value == value_of(visitor)
    assert send(visitor, csrf=value) == 422
    assert send(visitor, {"X-CSRF-Token": value}) == 422


@pytest.mark.parametrize("value", [None, "", "x", "None", "ä", "\0", "a" * 10_000])
def test_without_the_value_of_this_browser_nothing_is_done(visitor: Browser, value: str | None) -> None:
    """LOGIN-018: a form of another site cannot sign anybody in."""
    form = {} if value is None else {"csrf": value}

    assert send(visitor, None, **form) == 403


def test_a_value_of_another_browser_is_worth_nothing(visitor: Browser, app: Flask) -> None:
    other = Browser(app)
    other.get("/sign-in")

    assert send(visitor, csrf=value_of(other)) == 403
    assert send(Browser(app), csrf=value_of(visitor)) == 403


def test_the_value_counts_in_the_form_or_header_only(visitor: Browser) -> None:
    value = value_of(visitor)

    answer = visitor.client.post(f"/sign-in?csrf={value}", data=TYPED)

    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGIN ", "nonsense"])
def test_where_the_browser_says_that_it_is_elsewhere_even_the_value_does_not_count(visitor: Browser, site: str) -> None:
    status = send(visitor, {"Sec-Fetch-Site": site}, csrf=value_of(visitor))

    # An empty header says nothing: the value alone decides.
    assert status == (403 if site else 422)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_page_and_the_address_bar_are_no_other_site(visitor: Browser, site: str) -> None:
    assert send(visitor, {"Sec-Fetch-Site": site}, csrf=value_of(visitor)) == 422


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (HERE, 422),
        ("https://localhost", 422),
        ("null", 403),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("http://evil.example/localhost", 403),
        ("localhost", 403),
        ("http://localhost@evil.example", 403),
    ],
)
def test_without_that_header_the_origin_counts(visitor: Browser, origin: str, status: int) -> None:
    assert send(visitor, {"Origin": origin}, csrf=value_of(visitor)) == status


def test_the_browsers_own_word_counts_more_than_the_origin(visitor: Browser) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": HERE}

    assert send(visitor, headers, csrf=value_of(visitor)) == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_every_method_that_may_change_something_is_asked(visitor: Browser, method: str) -> None:
    answer = visitor.client.open("/sign-in", method=method)

    assert answer.status_code == 403


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_get_stays_a_get(visitor: Browser, header: str) -> None:
    """BOOK-032, RELIABILITY T16"""
    answer = visitor.get("/s/linden/return?_method=POST", headers={header: "POST"})

    assert answer.status_code == 405


def test_a_refusal_changes_nothing_and_says_what_to_do(database: Database, app: Flask) -> None:
    browser = Browser(app)
    with database.transaction() as session:
        dora = make_contact(session, make_school(session), "Dora", email=TYPED["email"])
        browser.sign_in(session, dora, now=clock.now())

    refused = browser.client.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert "This form came from elsewhere or is too old. Reload the page and send it again." in refused.text
    with database.reading() as session:
        assert session.get_one(SignIn, 1).ended_at is None


def test_the_value_changes_when_somebody_signs_in_or_out(database: Database, visitor: Browser) -> None:
    before = value_of(visitor)
    with database.transaction() as session:
        dora = make_contact(session, make_school(session), "Dora", email=TYPED["email"])
        visitor.sign_in(session, dora, now=clock.now())

    visitor.client.post("/sign-out", data={"csrf": before})
    visitor.get("/sign-in")

    assert value_of(visitor) != before


def keyed(app: Flask, key: str | None) -> str:
    data = {} if key is None else {"key": key}
    with app.test_request_context("/", method="POST", data=data):
        return request_key()


def made(app: Flask) -> str:
    with app.test_request_context():
        return new_key()


def test_a_forms_key_is_ours_and_each_is_another(app: Flask) -> None:
    """RELIABILITY D2"""
    keys = {made(app) for _ in range(20)}

    assert len(keys) == 20
    assert all(keyed(app, key) == key for key in keys)


@pytest.mark.parametrize("change", [lambda key: None, lambda key: "", lambda key: key[:-1], lambda key: f"x{key}"])
def test_a_key_that_is_not_ours_is_refused_in_words(app: Flask, change: Any) -> None:
    with pytest.raises(Invalid, match="too old"):
        keyed(app, change(made(app)))


def test_a_key_signed_for_something_else_is_not_ours(app: Flask) -> None:
    secret = app.config["SECRET_KEY"]

    for salt in ("session", "cookie-session", "key"):
        with pytest.raises(Invalid):
            keyed(app, str(URLSafeTimedSerializer(secret, salt=salt).dumps("x")))


def test_a_forms_key_of_a_former_secret_counts_while_that_secret_is_kept(database: Database, app: Flask) -> None:
    former, new = app.config["SECRET_KEY"], "another-tests-only-secret-0123456789ab"
    old = made(app)

    with opened(database, secret_key=new, secret_key_fallbacks=(former,)) as rotated:
        assert keyed(rotated, old) == old
        fresh = made(rotated)
    with opened(database, secret_key=new) as without:
        assert keyed(without, fresh) == fresh
        with pytest.raises(Invalid, match="too old"):
            keyed(without, old)


@pytest.mark.parametrize("ahead", [2, 3600])
def test_a_key_of_a_clock_that_is_ahead_counts_and_a_spoilt_one_does_not(
    app: Flask, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """OPS-014: of another machine, or of this one before its clock was set back."""
    with monkeypatch.context() as clock_ahead:
        clock_ahead.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time()) + ahead)
        key = made(app)

    assert keyed(app, key) == key
    with pytest.raises(Invalid):
        keyed(app, f"{key[:-1]}{'A' if key[-1] != 'A' else 'Q'}")


def test_a_key_is_too_old_before_it_is_forgotten(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Used keys are remembered for 30 days (jobs/housekeeping.py): one that could outlive them could act twice."""
    key = made(app)

    monkeypatch.setattr(csrf, "_KEYS_LAST", -1)

    with pytest.raises(Invalid):
        keyed(app, key)
    monkeypatch.undo()
    assert 0 < csrf._KEYS_LAST < 30 * 24 * 3600
