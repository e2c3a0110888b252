"""Tests of signing in by code or password: alike for known and unknown, and nothing is used up by looking."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app import Browser
from factories import make_login, make_school
from households import Households, form_of, text_of

from webapp import clock
from webapp.models import Contact, Level, Login, SignIn, SignInCode
from webapp.services.people.accounts import password_hash

KNOWN, UNKNOWN = "known@mail.example", "unknown@mail.example"


def ask_for_code(homes: Households, browser: Browser, email: str) -> Any:
    return browser.post(f"{homes.base}/", {"email": email})


def newest_code(homes: Households, email: str) -> str:
    homes.run_jobs()
    found = re.search(r"\d{3} \d{3}", homes.mailer.sent_to(email)[-1].subject)
    assert found
    return found[0]


def test_known_and_unknown_addresses_are_answered_alike(homes: Households) -> None:
    known = homes.people["alice"].email or ""
    pages = []
    for email in (known, UNKNOWN):
        visitor = Browser(homes.app)
        sent = ask_for_code(homes, visitor, email)
        page, wrong = visitor.get(sent.location), visitor.post(f"{homes.base}/code", {"code": "000 000x"})
        password = visitor.post(f"{homes.base}/password", {"password": "not this one"})
        answers = (page, wrong, password)
        assert [answer.status_code for answer in (sent, *answers)] == [303, 200, 422, 422]
        pages.append([sent.location, *(re.sub('value="[^"]*"', "", a.text).replace(email, "E") for a in answers)])

    assert pages[0] == pages[1]
    homes.run_jobs()
    assert len(homes.mailer.sent_to(known)) == len(homes.mailer.sent_to(UNKNOWN)) == 1


def test_the_code_lets_in_once_for_thirty_days_and_the_address_stays_out_of_the_url(
    homes: Households, now: datetime
) -> None:
    visitor = Browser(homes.app)
    sent = ask_for_code(homes, visitor, homes.people["alice"].email or "")
    assert sent.location == f"{homes.base}/code"
    code = newest_code(homes, homes.people["alice"].email or "")

    let_in = visitor.post(sent.location, {"code": f" {code} "})
    again = Browser(homes.app)
    ask_for_code(homes, again, UNKNOWN)

    assert let_in.location == f"{homes.base}/"
    assert visitor.get(f"{homes.base}/mine").status_code == 200
    assert homes.all(SignIn)[-1].expires_at == pytest.approx(now + timedelta(days=30), abs=timedelta(minutes=1))
    assert again.post(f"{homes.base}/code", {"code": code}).status_code == 422
    assert visitor.post(sent.location, {"code": code}).location == f"{homes.base}/"


def test_whoever_works_for_a_school_does_not_stay_signed_in_for_long(homes: Households, now: datetime) -> None:
    visitor, dora = Browser(homes.app), homes.people["dora"]
    ask_for_code(homes, visitor, dora.email or "")

    visitor.post(f"{homes.base}/code", {"code": newest_code(homes, dora.email or "")})

    assert dora.level == Level.ADMINISTRATOR
    assert homes.all(SignIn)[-1].expires_at < now + timedelta(days=1)


def test_looking_at_pages_and_links_uses_up_nothing(homes: Households) -> None:
    visitor = Browser(homes.app)
    ask_for_code(homes, visitor, KNOWN)
    code = newest_code(homes, KNOWN)

    for path in ("", "code", "code?code=000000", "mine"):
        visitor.get(f"{homes.base}/{path}")
        visitor.client.head(f"{homes.base}/{path}")

    assert [row.tries for row in homes.all(SignInCode)] == [0]
    assert visitor.post(f"{homes.base}/code", {"code": code}).location == f"{homes.base}/profile"


def test_a_new_code_voids_the_one_before(homes: Households) -> None:
    visitor = Browser(homes.app)
    ask_for_code(homes, visitor, KNOWN)
    old = newest_code(homes, KNOWN)

    sent = visitor.post(f"{homes.base}/code/new")
    page = visitor.get(sent.location)
    new = newest_code(homes, KNOWN)

    assert "A new code is on its way." in text_of(page.text)
    if old != new:
        assert visitor.post(f"{homes.base}/code", {"code": old}).status_code == 422
    assert visitor.post(f"{homes.base}/code", {"code": new}).status_code == 303


def test_a_code_is_dead_after_five_wrong_tries(homes: Households) -> None:
    visitor = Browser(homes.app)
    ask_for_code(homes, visitor, KNOWN)
    code = newest_code(homes, KNOWN)

    for _ in range(5):
        assert visitor.post(f"{homes.base}/code", {"code": "wrong"}).status_code == 422

    assert visitor.post(f"{homes.base}/code", {"code": code}).status_code == 422


def test_a_code_is_dead_after_ten_minutes(homes: Households, now: datetime) -> None:
    visitor = Browser(homes.app)
    ask_for_code(homes, visitor, KNOWN)
    code = newest_code(homes, KNOWN)

    clock.move(now + timedelta(minutes=10, seconds=1) - datetime.now(UTC))

    assert visitor.post(f"{homes.base}/code", {"code": code}).status_code == 422


def test_too_many_codes_are_refused_in_words_and_others_get_theirs(homes: Households) -> None:
    visitor = Browser(homes.app)
    for _ in range(6):
        assert ask_for_code(homes, visitor, KNOWN).status_code == 303

    refused, other = ask_for_code(homes, visitor, KNOWN), ask_for_code(homes, visitor, UNKNOWN)

    assert refused.status_code == 429
    assert "Too many tries. Wait 15 minutes, then try again." in text_of(refused.text)
    assert other.status_code == 303


def test_a_stranger_burns_no_code_of_a_parent_s_and_uses_none(homes: Households) -> None:
    parent, stranger = (Browser(homes.app) for _ in range(2))
    for visitor in (parent, stranger):
        visitor.get(f"{homes.base}/")
    ask_for_code(homes, parent, KNOWN)
    code = newest_code(homes, KNOWN)
    ask_for_code(homes, stranger, KNOWN)

    answers = [stranger.post(f"{homes.base}/code", {"code": code}).status_code for _ in range(6)]

    assert answers == [422] * 6
    assert parent.post(f"{homes.base}/code", {"code": code}).status_code == 303


def test_too_many_wrong_codes_are_refused_in_words(homes: Households) -> None:
    visitor = Browser(homes.app)
    for n in range(61):
        if n % 20 == 0:
            ask_for_code(homes, visitor, KNOWN)
        refused = visitor.post(f"{homes.base}/code", {"code": "wrong"})

    assert refused.status_code == 429
    assert "Too many tries. Wait 15 minutes, then try again." in text_of(refused.text)


def test_what_is_no_address_is_refused_at_the_field_and_kept(homes: Households) -> None:
    """BOOK-016, BOOK-017, BOOK-019"""
    crooked = ["<p@e.example> <x@y.example>", '"A\r\nBcc: x@evil.example" <p@e.example>', f"{'x' * 65}@e.example"]

    for typed in ("", "   ", "nonsense", "a@b", *crooked):
        answer = Browser(homes.app).post(f"{homes.base}/", {"email": typed})
        assert answer.status_code == 422
        assert 'aria-invalid="true" aria-describedby="em-h em-err"' in answer.text
        assert form_of(answer.text, f"{homes.base}/")["email"] == [typed.strip()]

    assert homes.all(SignInCode) == []


def test_a_password_lets_in_and_a_wrong_one_says_no_more_than_for_a_stranger(homes: Households) -> None:
    with homes.database.transaction() as session:
        make_login(session, KNOWN, password_hash=password_hash("a long enough one", level=Level.CUSTOMER))
    visitor = Browser(homes.app)
    ask_for_code(homes, visitor, KNOWN)

    wrong = visitor.post(f"{homes.base}/password", {"password": "a long enough one "})
    right = visitor.post(f"{homes.base}/password", {"password": "a long enough one"})

    assert wrong.status_code == 422
    assert "This email and password do not belong together." in text_of(wrong.text)
    assert right.location == f"{homes.base}/profile"
    assert [c.school_id for c in homes.all(Contact) if c.email == KNOWN] == [homes.school.id]


def test_a_password_of_another_school_s_file_opens_no_page_of_this_one(homes: Households) -> None:
    with homes.database.transaction() as session:
        hashed = password_hash("chosen by the other office", level=Level.VIEWER)
        make_login(session, KNOWN, password_hash=hashed, password_school_id=make_school(session).id)
    visitor = Browser(homes.app)
    ask_for_code(homes, visitor, KNOWN)

    refused = visitor.post(f"{homes.base}/password", {"password": "chosen by the other office"})

    assert refused.status_code == 422
    assert "This email and password do not belong together." in text_of(refused.text)
    assert [contact for contact in homes.all(Contact) if contact.email == KNOWN] == []


def test_password_tries_are_limited_and_the_code_still_works(homes: Households) -> None:
    visitor = Browser(homes.app)
    ask_for_code(homes, visitor, KNOWN)
    for _ in range(10):
        visitor.post(f"{homes.base}/password", {"password": "guess"})

    refused = visitor.post(f"{homes.base}/password", {"password": "guess"})

    assert refused.status_code == 429
    assert visitor.post(f"{homes.base}/code", {"code": newest_code(homes, KNOWN)}).status_code == 303


def test_without_an_address_the_code_page_leads_back(homes: Households) -> None:
    visitor = Browser(homes.app)

    for answer in (
        visitor.get(f"{homes.base}/code"),
        visitor.post(f"{homes.base}/code", {"code": "1"}),
        visitor.post(f"{homes.base}/code/new"),
        visitor.post(f"{homes.base}/password", {"password": "1"}),
    ):
        assert answer.location == f"{homes.base}/"


def test_an_imported_parent_is_met_as_themselves_whatever_case_they_type(homes: Households) -> None:
    visitor, bob = Browser(homes.app), homes.people["bob"]
    ask_for_code(homes, visitor, f" {(bob.email or '').upper()} ")

    visitor.post(f"{homes.base}/code", {"code": newest_code(homes, bob.email or "")})

    assert "Mia Alvarez" in visitor.get(f"{homes.base}/teachers").text
    assert len([login for login in homes.all(Login) if login.email == bob.email]) == 1


def test_signing_out_ends_the_sign_in_for_every_copy_of_the_cookie(homes: Households) -> None:
    alice, thief = homes.browser("alice"), Browser(homes.app)
    cookie = alice.client.get_cookie("confab")
    assert cookie
    thief.client.set_cookie("confab", cookie.value)
    assert thief.get(f"{homes.base}/mine").status_code == 200

    left = alice.post(f"{homes.base}/sign-out")

    assert left.location == f"{homes.base}/"
    assert alice.get(f"{homes.base}/mine").status_code == 303
    assert thief.get(f"{homes.base}/mine").status_code == 303
    assert alice.post(f"{homes.base}/sign-out").status_code == 303
