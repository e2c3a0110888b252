"""A new family proves its address, tells its name once and what the school asks for, and nobody learns who is known."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app import Browser
from households import Households, form_of, text_of

from webapp import clock
from webapp.models import Contact, Login, School, SignIn
from webapp.services.people.contact_log import log_of

NEW = "nadia@mail.example"
PASSWORD = " a long enough one "
"""Typed at sign-in as it was chosen: the spaces that a phone's keyboard adds are part of it (LOGIN-012)."""


def settle(homes: Households, **settings: bool) -> None:
    with homes.database.transaction() as session:
        school = session.get_one(School, homes.school.id)
        for name, value in settings.items():
            setattr(school, name, value)


def prove(homes: Households, email: str = NEW, *, target: str = "") -> tuple[Browser, Any]:
    """The code typed, and the answer to it."""
    visitor = Browser(homes.app)
    visitor.post(f"{homes.base}/", {"email": email} | ({"next": target} if target else {}))
    homes.run_jobs()
    found = re.search(r"\d{3} \d{3}", homes.mailer.sent_to(email)[-1].subject)
    assert found
    return visitor, visitor.post(f"{homes.base}/code", {"code": found[0]})


def contact(homes: Households, email: str = NEW) -> Contact:
    return next(one for one in homes.all(Contact) if one.email == email)


def test_a_new_family_tells_its_details_once_without_javascript_and_goes_on_where_it_wanted(homes: Households) -> None:
    """PRODUCT 2.16; 3.3.7: the last step asks for no name any more."""
    settle(homes, asks_phone=True, asks_address=True)
    wanted = f"{homes.base}/mine"
    visitor, came = prove(homes, target=wanted)
    page = visitor.get(came.location)
    assert "You are new here." in text_of(page.text)
    typed = form_of(page.text, f"{homes.base}/profile")

    sent = typed | {"first": "Nadia", "last": "Nowak", "phone": "+1 312 555 0100", "address": "1 Elm St\nLinden"}
    done = visitor.post(f"{homes.base}/profile", sent | {"password": PASSWORD})

    assert done.location == wanted
    assert visitor.get(wanted).status_code == 200
    nadia = contact(homes)
    assert (nadia.name, nadia.phone, nadia.address) == ("Nadia Nowak", "+1 312 555 0100", "1 Elm St\nLinden")
    again = Browser(homes.app)
    again.post(f"{homes.base}/", {"email": NEW})
    assert again.post(f"{homes.base}/password", {"password": PASSWORD}).location == f"{homes.base}/"
    with homes.database.reading() as session:
        assert "Details told by themselves" in [one.said for one in log_of(session, nadia)]


def test_only_what_the_school_asks_for_is_asked_and_has_to_be_told(homes: Households) -> None:
    visitor, came = prove(homes)
    assert 'name="phone"' not in visitor.get(came.location).text
    settle(homes, asks_phone=True)
    name = {"first": "Nadia", "last": "Nowak"}

    gap = visitor.post(f"{homes.base}/profile", name)
    odd = visitor.post(f"{homes.base}/profile", {"first": "  ", "last": "\u200b", "phone": "1"})
    done = visitor.post(f"{homes.base}/profile", name | {"phone": "1"})

    assert [answer.status_code for answer in (gap, odd, done)] == [422, 422, 303]
    assert 'aria-describedby="phone-err"' in gap.text
    assert form_of(gap.text, f"{homes.base}/profile")["first"] == ["Nadia"]
    assert 'aria-describedby="first-err"' in odd.text


def test_a_weak_password_is_refused_and_nothing_is_kept_of_the_form(homes: Households) -> None:
    visitor, _ = prove(homes)
    name = {"first": "Nadia", "last": "Nowak"}

    short = visitor.post(f"{homes.base}/profile", name | {"password": "short"})

    assert short.status_code == 422
    assert "Use at least 12 characters." in text_of(short.text)
    assert contact(homes).first == ""
    assert visitor.post(f"{homes.base}/profile", name).status_code == 303
    assert next(one for one in homes.all(Login) if one.email == NEW).password_hash is None


def test_whoever_the_school_knows_goes_on_at_once_and_changes_no_name(homes: Households) -> None:
    bob = homes.people["bob"].email or ""
    visitor, came = prove(homes, bob)
    assert came.location == f"{homes.base}/"

    page = visitor.get(f"{homes.base}/profile")
    visitor.post(f"{homes.base}/profile", {"first": "Eve", "last": "Evil", "phone": "123"})

    assert "Your details" in text_of(page.text)
    assert 'name="first"' not in page.text
    assert (contact(homes, bob).name, contact(homes, bob).phone) == ("Bob Alvarez", "123")


def test_a_password_is_chosen_only_soon_after_signing_in_and_ends_other_sign_ins(
    homes: Households, now: datetime
) -> None:
    """RELIABILITY T8: a phone that is left lying about is no way in for good."""
    bob = homes.people["bob"].email or ""
    visitor, _ = prove(homes, bob)
    other, _ = prove(homes, bob)

    visitor.post(f"{homes.base}/profile", {"password": PASSWORD})
    clock.move(now + timedelta(minutes=11) - datetime.now(UTC))
    late = visitor.get(f"{homes.base}/profile").text
    refused = visitor.post(f"{homes.base}/profile", {"password": "another long enough one", "phone": "123"})
    without = visitor.post(f"{homes.base}/profile", {"phone": "123"})

    assert visitor.get(f"{homes.base}/mine").status_code == 200
    assert other.get(f"{homes.base}/mine").status_code == 303
    assert 'type="password"' not in late
    assert (refused.status_code, without.status_code) == (422, 303)
    assert 'class="error" id="new-pw-err"' in refused.text
    assert "To choose a password, log out and sign in with a new code first." in text_of(refused.text)
    again = Browser(homes.app)
    again.post(f"{homes.base}/", {"email": bob})
    assert again.post(f"{homes.base}/password", {"password": PASSWORD}).status_code == 303


def test_where_no_new_families_are_taken_only_who_holds_the_mailbox_hears_so(homes: Households) -> None:
    """RELIABILITY T4: until the code is typed, all is as for a family that the school knows."""
    settle(homes, allows_sign_up=False)
    known, pages = homes.people["alice"].email or "", []
    for email in (known, NEW):
        visitor = Browser(homes.app)
        sent = visitor.post(f"{homes.base}/", {"email": email})
        page, wrong = visitor.get(sent.location), visitor.post(f"{homes.base}/code", {"code": "000000x"})
        pages.append([(a.status_code, re.sub('value="[^"]*"', "", a.text).replace(email, "E")) for a in (page, wrong)])

    homes.run_jobs()  # before another code is mailed: of two at once either may come last

    visitor, refused = prove(homes)

    assert pages[0] == pages[1]
    assert refused.status_code == 403
    assert "The school does not know this email, and takes no new families here." in text_of(refused.text)
    assert NEW not in [one.email for one in [*homes.all(Contact), *homes.all(Login)]]
    assert visitor.get(f"{homes.base}/mine").status_code == 303
    assert prove(homes, known)[1].location == f"{homes.base}/"


def test_a_mail_scanner_that_opens_every_page_signs_nobody_up(homes: Households) -> None:
    """RELIABILITY D8"""
    visitor, came = prove(homes)
    before = len(homes.all(SignIn))

    for ask in (visitor.get, visitor.client.head):
        ask(came.location)
    stranger = Browser(homes.app)

    assert stranger.get(f"{homes.base}/profile").status_code == 303
    assert contact(homes).first == ""
    assert len(homes.all(SignIn)) == before


@pytest.mark.parametrize("page", ["children", "children/code"])
def test_where_parents_do_not_attach_students_no_form_offers_it_and_none_does_it(homes: Households, page: str) -> None:
    settle(homes, allows_claims=False)
    dora, mia = homes.browser("dora"), homes.children["mia"]

    shown = dora.get(f"{homes.base}/children")
    refused = dora.post(f"{homes.base}/{page}", {"student_ref": mia.student_ref, "security_value": mia.security_value})

    assert f'action="{homes.base}/children' not in shown.text
    assert "The school links children to their parents by itself." in text_of(shown.text)
    assert refused.status_code == 409


def test_the_office_says_what_new_families_are_asked_for(homes: Households) -> None:
    dora, address = homes.browser("dora"), f"/s/{homes.school.slug}/setup/business"
    shown = form_of(dora.get(address).text, address)

    assert shown["allows_sign_up"] == shown["allows_claims"] == ["1"]
    saved = dora.post(address, {k: v for k, v in shown.items() if k != "allows_sign_up"} | {"asks_phone": "1"})

    school = homes.all(School)[0]
    assert saved.status_code == 303
    assert (school.allows_sign_up, school.allows_claims, school.asks_phone, school.asks_address) == (
        False,
        True,
        True,
        False,
    )
