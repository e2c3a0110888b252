"""Staff sign in with e-mail and password, and out again for every copy of the cookie."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from app import SECRET, Browser, fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact, make_login, make_school
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from itsdangerous import TimestampSigner
from sqlmodel import col, select
from threads import at_once
from werkzeug.security import generate_password_hash

from webapp import clock
from webapp.db import Database
from webapp.models import Contact, Level, Login, SignIn
from webapp.services.people import accounts
from webapp.services.people.accounts import count_password_try, is_password, password_hash

DORA, PASSWORD = "dora@linden.example", "quite a long one, and a half"
# As good as the real one for these tests, and a hundred times quicker.
QUICK_HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:10")
WRONG = "This email and password do not belong together."


@dataclass
class Door:
    """Dora is the Administrator of `school`; `teach` has no password yet."""

    database: Database
    school: str
    apps: list[Flask] = field(default_factory=list)

    def open(self, **settings: Any) -> Flask:
        url = self.database.engine.url.render_as_string(hide_password=False)
        app = make_app(settings_of(url, KEY, **settings), fake_providers(FakeMeetings(), FakeMailer()))
        self.apps.append(app)
        return app

    def visitor(self, app: Flask | None = None) -> Browser:
        return Browser(app or self.apps[0])

    def dora(self) -> Browser:
        browser = self.visitor()
        assert send(browser).status_code == 303
        return browser

    def sign_ins(self) -> list[SignIn]:
        with self.database.reading() as session:
            return list(session.exec(select(SignIn).order_by(col(SignIn.id))))

    @property
    def page(self) -> str:
        """One that only staff may see."""
        return f"/s/{self.school}/events"


@pytest.fixture
def door(database: Database, now: datetime) -> Iterator[Door]:
    clock.move(now - datetime.now(UTC))
    with database.transaction() as session:
        school = make_school(session)
        login = make_login(session, DORA, password_hash=QUICK_HASH)
        make_contact(session, school, "Dora", login_id=login.id, email=DORA, level=Level.ADMINISTRATOR)
        make_login(session, "teach@linden.example")
    made = Door(database, school.slug)
    made.open()
    yield made
    for app in made.apps:
        app.extensions["confab"].database.dispose()
    clock.move(timedelta())


def send(browser: Browser, email: str = DORA, password: str = PASSWORD, **more: Any) -> Any:
    return browser.post("/sign-in", {"email": email, "password": password} | more)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def cookie(browser: Browser, name: str = "confab") -> str:
    kept = browser.client.get_cookie(name)
    assert kept
    return str(kept.value)


def test_the_right_password_lets_in_for_half_a_day(door: Door, now: datetime) -> None:
    visitor = door.visitor()

    answer = send(visitor, f"  {DORA.upper()} ")
    school = visitor.get(answer.location)

    assert (answer.status_code, answer.location) == (303, "/schools")
    assert school.location == f"/s/{door.school}/"
    assert visitor.get(door.page).status_code == 200
    [row] = door.sign_ins()
    assert row.expires_at - row.created_at == timedelta(hours=12)
    clock.move(now + timedelta(hours=12, seconds=5) - datetime.now(UTC))
    assert visitor.get(door.page).status_code == 303


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(door: Door) -> None:
    """LOGIN-002, RELIABILITY T4"""
    answers = []
    for email, password in ((DORA, "not this one"), ("nobody@linden.example", PASSWORD), ("teach@linden.example", "")):
        answer = send(door.visitor(), email, password or "nobody types this")
        shown = re.sub(r'value="[^"]*"', "", answer.text).replace(email, "E")
        answers.append((answer.status_code, shown, sorted(answer.headers.keys())))

    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 422
    assert WRONG in words(answers[0][1])
    assert door.sign_ins() == []


@pytest.mark.parametrize("password", [PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), PASSWORD[:-1], PASSWORD * 40])
def test_a_password_is_compared_exactly(door: Door, password: str) -> None:
    """LOGIN-012"""
    assert send(door.visitor(), password=password).status_code == 422


@pytest.mark.parametrize(
    ("email", "password", "told"),
    [
        ("", "x", "Enter an address like name@school.org."),
        ("dora", "x", "Enter an address like name@school.org."),
        (f"{DORA}\r\nBcc: b@x.example", "x", "Enter an address like name@school.org."),
        (DORA, "", "This email and password do not belong together."),
        (DORA, f"{PASSWORD}\0", "This cannot be used. Check it."),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_the_address_stays(
    door: Door, email: str, password: str, told: str
) -> None:
    answer = send(door.visitor(), email, password)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert 'type="password" name="password"' in answer.text
    assert f'value="{password}"' not in answer.text or not password
    assert email in ("", unescape(re.findall(r'name="email" value="([^"]*)"', answer.text)[0]))


def counted(
    door: Door, tries: int, email: str, address: str = "127.0.0.1", *, each: Callable[[int], str] = str
) -> None:
    with door.database.transaction() as session:
        for n in range(tries):
            count_password_try(session, email.replace("*", each(n)), address, now=clock.now())


def test_after_ten_tries_even_the_right_password_has_to_wait(door: Door, now: datetime) -> None:
    """LOGIN-006"""
    counted(door, 10, DORA)

    refused, other = send(door.visitor()), send(door.visitor(), "teach@linden.example", "x")
    clock.move(now + timedelta(minutes=5) - datetime.now(UTC))
    later = send(door.visitor())

    assert (refused.status_code, other.status_code, later.status_code) == (429, 422, 303)
    assert "Too many tries. Wait 5 minutes, then try again." in words(refused.text)


def test_of_many_tries_at_once_no_more_than_ten_are_looked_at(door: Door) -> None:
    """LOGIN-009"""
    visitors = [door.visitor() for _ in range(14)]
    for visitor in visitors:
        visitor.get("/sign-in")

    came = at_once(*[lambda visitor=visitor: send(visitor, password="x" * 20).status_code for visitor in visitors])

    assert sorted(str(status) for status in came) == ["422"] * 10 + ["429"] * 4


def test_one_password_tried_on_everybody_from_everywhere_is_stopped_and_told(
    door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOGIN-008, RELIABILITY T7: by the sum; a mailed link still opens the door, and the log says it once."""
    monkeypatch.setattr(accounts, "MOST_EVERYWHERE", 30)
    for n in range(30):
        counted(door, 1, f"person-{n}@linden.example", f"203.0.113.{n}")

    refused = [send(door.visitor()).status_code for _ in range(3)]
    link = door.visitor()
    link.get("/sign-in/link")

    assert refused == [429] * 3
    assert caplog.messages.count("passwords are being tried everywhere: for five minutes nobody signs in by one") == 1
    assert link.post("/sign-in/link", {"email": DORA}).status_code == 200


def test_an_unknown_address_takes_as_long_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOGIN-003: one hash each, of the same cost. A clock would tell the load of the machine too; what else a request
    does is counted in views/test_alike.py."""
    costs: list[str] = []
    really = accounts.check_password_hash

    def counted(stored: str, typed: str) -> bool:
        costs.append(stored.partition("$")[0])
        return really(stored, typed)

    monkeypatch.setattr(accounts, "check_password_hash", counted)
    known = Login(email=DORA, password_hash=password_hash("a real one, as it is stored", level=Level.VIEWER))
    without = Login(email=DORA)

    for login in (known, without, None):
        assert not is_password(login, "not this one")

    assert costs == [costs[0]] * 3
    assert costs[0].startswith("scrypt:")


def test_asking_for_a_page_again_and_again_does_not_make_a_sign_in_last(door: Door, now: datetime) -> None:
    """LOGIN-047: twelve hours are twelve hours, whatever an open page asks for by itself."""
    visitor, polled = door.dora(), door.page.rpartition("/")[0] + "/online-meetings/sync"
    [row] = door.sign_ins()
    answers = []
    for hours in (0, 6, 11, 12):
        clock.move(now + timedelta(hours=hours, seconds=5) - datetime.now(UTC))
        answers.append(visitor.get(polled, headers={"HX-Request": "true"}))

    assert [answer.status_code for answer in answers] == [200, 200, 200, 401]
    assert answers[-1].headers["HX-Redirect"].startswith("/sign-in")
    assert [again.expires_at for again in door.sign_ins()] == [row.expires_at]


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 303)])
def test_who_comes_from_one_address_cannot_try_everybody_by_naming_others(
    door: Door, proxies: int, status: int
) -> None:
    """URL-021: the header counts only where it comes from a proxy of our own."""
    counted(door, 100, "person-*@linden.example")
    visitor = door.visitor(door.open(trusted_proxies=proxies))
    visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.9"

    assert send(visitor).status_code == status


def test_signing_out_ends_the_sign_in_for_every_copy_of_the_cookie(door: Door) -> None:
    """LOGIN-015, LOGIN-048"""
    dora, thief, phone = door.dora(), door.visitor(), door.dora()
    stolen = cookie(dora)
    thief.client.set_cookie("confab", stolen)
    assert thief.get(door.page).status_code == 200

    answer = dora.post("/sign-out")

    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    with dora.client.session_transaction() as kept:
        assert not kept
    assert thief.get(door.page).status_code == 303
    dora.client.set_cookie("confab", stolen)
    assert dora.get(door.page).status_code == 303
    assert phone.get(door.page).status_code == 200
    assert [row.ended_at is None for row in door.sign_ins()] == [False, True]
    assert dora.post("/sign-out").status_code == 303


def test_what_was_planted_before_is_worthless_after(door: Door) -> None:
    """LOGIN-014, RELIABILITY T8"""
    victim, thief = door.visitor(), door.visitor()
    thief.get("/sign-in")
    with thief.client.session_transaction() as planted:
        planted["email"], planted["zoom"], planted["csrf"] = "thief@e.example", {"state": "known"}, "known"
    victim.client.set_cookie("confab", cookie(thief))

    send(victim)

    with victim.client.session_transaction() as kept:
        assert not {"email", "zoom", "csrf"} & set(kept)
    assert victim.get(door.page).status_code == 200
    assert thief.get(door.page).status_code == 303


def test_signing_in_as_somebody_else_leaves_nothing_of_the_first(door: Door) -> None:
    with door.database.transaction() as session:
        other = make_school(session)
        login = make_login(session, "ed@birch.example", password_hash=QUICK_HASH)
        make_contact(session, other, "Ed", login_id=login.id, email=login.email, level=Level.ADMINISTRATOR)
    browser = door.dora()

    send(browser, "ed@birch.example")

    assert browser.get(door.page).status_code == 404
    assert browser.get(f"/s/{other.slug}/events").status_code == 200


@pytest.mark.parametrize("spoil", [lambda c: c[:-3], lambda c: c[:20] + "x" + c[21:], lambda c: "", lambda c: "ä" * 90])
def test_a_cookie_that_was_changed_is_nobody_s(door: Door, spoil: Callable[[str], str]) -> None:
    """LOGIN-017"""
    good, visitor = cookie(door.dora()), door.visitor()

    visitor.client.set_cookie("confab", spoil(good))

    assert visitor.get(door.page).status_code == 303
    assert visitor.get("/sign-in").status_code == 200


def test_a_cookie_of_a_former_key_counts_while_that_key_is_kept(door: Door) -> None:
    """LOGIN-017"""
    old = cookie(door.dora())
    new_key = "another-tests-only-secret-0123456789ab"

    statuses = []
    for fallbacks in ((SECRET,), ()):
        visitor = door.visitor(door.open(secret_key=new_key, secret_key_fallbacks=fallbacks))
        visitor.client.set_cookie("confab", old)
        statuses.append(visitor.get(door.page).status_code)

    assert statuses == [200, 303]


@pytest.mark.parametrize("ahead", [2, 3600])
def test_a_cookie_of_a_clock_that_is_ahead_counts_and_a_spoilt_one_does_not(
    door: Door, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """OPS-014: of another machine, or of this one before its clock was set back."""
    with monkeypatch.context() as clock_ahead:
        clock_ahead.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time()) + ahead)
        early, visitor = cookie(door.dora()), door.visitor()

    visitor.client.set_cookie("confab", early)
    assert visitor.get(door.page).status_code == 200
    visitor.client.set_cookie("confab", f"{early[:-1]}{'A' if early[-1] != 'A' else 'Q'}")
    assert visitor.get(door.page).status_code == 303


def test_a_raised_epoch_ends_every_sign_in_at_the_next_request(door: Door) -> None:
    """RELIABILITY T8: a new password."""
    browsers = [door.dora(), door.dora()]

    with door.database.transaction() as session:
        session.exec(select(Login).where(Login.email == DORA)).one().epoch += 1

    assert [browser.get(door.page).status_code for browser in browsers] == [303, 303]


def test_a_lowered_level_counts_at_the_next_request(door: Door) -> None:
    """ADMIN-018"""
    dora = door.dora()

    for level, status in ((Level.VIEWER, 403), (Level.CUSTOMER, 404)):
        with door.database.transaction() as session:
            session.exec(select(Contact).where(Contact.email == DORA)).one().level = level
        assert dora.get(door.page).status_code == status


def test_the_cookie_is_for_this_site_and_no_script(door: Door) -> None:
    """RELIABILITY T8"""
    plain, public = door.visitor(), door.visitor(door.open(base_url="https://conferences.school.example"))

    here = plain.get("/sign-in").headers
    there = public.get("/sign-in", base_url="https://conferences.school.example").headers

    assert re.fullmatch(r"confab=[^;]+; HttpOnly; Path=/; SameSite=Lax", here["Set-Cookie"])
    assert re.fullmatch(r"__Host-confab=[^;]+; Secure; HttpOnly; Path=/; SameSite=Lax", there["Set-Cookie"])
    assert "Strict-Transport-Security" not in here
    assert there["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_after_signing_in_one_goes_on_to_the_page_that_was_asked_for(door: Door) -> None:
    visitor = door.visitor()
    led = visitor.get(f"{door.page}?page=2")
    page = visitor.get(led.location)
    [target] = re.findall(r'name="next" value="([^"]*)"', page.text)

    wrong = send(visitor, password="x", next=unescape(target))
    right = send(visitor, next=re.findall(r'name="next" value="([^"]*)"', wrong.text)[0])

    assert right.location == f"{door.page}?page=2"
    assert visitor.get(f"/sign-in?next={door.page}").location == door.page


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "/%09/evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_away(door: Door, target: str) -> None:
    """RELIABILITY D9"""
    page = door.visitor().get("/sign-in", query_string={"next": target})
    visitor = door.visitor()

    answer = send(visitor, next=target)
    again = visitor.get("/sign-in", query_string={"next": target})

    assert "evil" not in page.text
    assert (answer.location, again.location) == ("/schools", "/schools")


def test_who_works_for_two_schools_chooses_and_a_stranger_is_told_where_to_ask(door: Door) -> None:
    with door.database.transaction() as session:
        second = make_school(session, name="Birch Hill")
        login = session.exec(select(Login).where(Login.email == DORA)).one()
        make_contact(session, second, "Dora", login_id=login.id)
        make_login(session, "lone@mail.example", password_hash=QUICK_HASH)
    dora, lone = door.dora(), door.visitor()
    send(lone, "lone@mail.example")

    choice, nothing = dora.get("/schools"), lone.get("/schools")

    assert "Linden Park School Administrator" in words(choice.text)
    assert "Birch Hill Customer" in words(choice.text)
    assert f'href="/s/{door.school}/"' in choice.text
    assert f'href="/{second.slug}/"' in choice.text
    assert "No school knows this address yet." in words(nothing.text)
    assert choice.status_code == nothing.status_code == 200


def test_a_parent_of_one_school_is_led_to_its_page_for_families(door: Door) -> None:
    with door.database.transaction() as session:
        session.exec(select(Contact).where(Contact.email == DORA)).one().level = Level.CUSTOMER

    answer = door.dora().get("/schools")

    assert (answer.status_code, f'href="/{door.school}/"' in answer.text) == (200, True)


def test_the_first_address_leads_on(door: Door) -> None:
    assert door.visitor().get("/").location == "/sign-in"
    assert door.dora().get("/").location == "/schools"
