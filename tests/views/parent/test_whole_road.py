"""The whole road of a family, page by page, as a browser without JavaScript walks it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from app import Browser
from factories import EVENING, make_event, make_resource, make_slot, make_teacher
from households import Households, form_of, text_of

from webapp.models import Contact, Student

EMAIL = "Nadia.New@mail.example"


def follow(browser: Browser, answer: Any) -> Any:
    """The page that a redirect leads to; no address on the way holds a name."""
    while answer.status_code == 303:
        assert not re.search("nadia|mia|alvarez", answer.location, re.IGNORECASE)
        answer = browser.get(answer.location)
    assert answer.status_code == 200, answer.text
    return answer


def code_mailed_to(homes: Households, email: str) -> str:
    homes.run_jobs()
    found = re.search(r"\d{3} \d{3}", homes.mailer.sent_to(email)[-1].subject)
    assert found
    return found[0]


def sign_in(homes: Households, browser: Browser, base: str, email: str) -> Any:
    landed = browser.get(f"{base}/")
    page = follow(browser, browser.post(f"{base}/", form_of(landed.text, f"{base}/") | {"email": email}))
    sent = form_of(page.text, f"{base}/code") | {"code": code_mailed_to(homes, email.lower())}
    return follow(browser, browser.post(f"{base}/code", sent))


@pytest.mark.both_databases
def test_a_new_family_books_without_javascript_from_the_email_to_the_link(homes: Households) -> None:
    """R4, R60, R77: plain forms and redirects, and the link is there without anybody's help."""
    base, visitor = homes.base, Browser(homes.app)
    page = sign_in(homes, visitor, base, EMAIL)
    name = {"first": "Nadia", "last": "New"}
    page = follow(visitor, visitor.post(f"{base}/profile", form_of(page.text, f"{base}/profile") | name))
    mia = homes.children["mia"]
    known = {"student_ref": mia.student_ref, "security_value": "05/04/2016"}
    page = visitor.post(f"{base}/children", form_of(page.text, f"{base}/children") | known)
    assert page.status_code == 422
    known["security_value"] = "2016-05-04"
    page = follow(visitor, visitor.post(f"{base}/children", form_of(page.text, f"{base}/children") | known))

    chosen = {"pick": [homes.pick("mia", "Folake"), homes.pick("mia", "Petra")]}
    page = follow(visitor, visitor.post(f"{base}/teachers", form_of(page.text, f"{base}/teachers") | chosen))
    assert "These times fit together on Thursday, December 3" in text_of(page.text)
    how = {f"m-{homes.pick('mia', 'Folake')}": "V"}
    page = follow(visitor, visitor.post(f"{base}/times", form_of(page.text, f"{base}/times") | how))
    assert "Book 2 appointments" in text_of(page.text)
    booked = visitor.post(f"{base}/book", form_of(page.text, f"{base}/book"))
    page = follow(visitor, booked)

    assert "You are booked" in text_of(page.text)
    assert "Your link is being made, usually within a minute. We will email it." in text_of(page.text)
    homes.run_jobs()
    [meeting] = homes.meetings.standing()
    page = visitor.get(f"{base}/mine")
    assert meeting.shown().join_url in page.text
    assert "Room: 112" in text_of(page.text)
    [contact] = [c for c in homes.all(Contact) if c.email == EMAIL.lower()]
    assert contact.name == "Nadia New"
    assert [mail.recipient for mail in homes.mailer.sent if "Your 2 appointments" in mail.subject] == [EMAIL.lower()]


def test_the_parent_of_a_simple_event_types_the_childs_name_and_finds_the_teacher(homes: Households) -> None:
    """The name goes from page to page in the signed session, never in an address."""
    with homes.database.transaction() as session:
        simple = make_event(session, homes.school, name="Open Evening", type="simple_pta")
        teachers = [make_teacher(session, homes.school, *name.split()) for name in ("Petra Dvořák", "Jonas Eriksen")]
        petra, jonas = (make_resource(session, simple, teacher) for teacher in teachers)
        for n in range(3):
            make_slot(session, petra, at=EVENING + timedelta(days=7, minutes=15 * n))
            make_slot(session, jonas, at=EVENING + timedelta(days=7, minutes=15 * n))
    base, alice = f"/{homes.school.slug}/{simple.slug}", homes.browser("alice")

    page = follow(alice, alice.get(f"{base}/"))
    typed = form_of(page.text, f"{base}/teachers") | {"child": "Mia  Alvarez", "q": "DVORAK", "find": "1"}
    page = follow(alice, alice.post(f"{base}/teachers", typed | {"pick": f"new.{jonas.token}"}))
    assert "Petra Dvořák" in page.text
    typed = form_of(page.text, f"{base}/teachers")
    assert typed["child"] == ["Mia Alvarez"]
    assert typed["pick"] == [f"new.{jonas.token}"]
    typed["pick"].append(f"new.{petra.token}")
    typed.pop("q")
    page = follow(alice, alice.post(f"{base}/teachers", typed))
    page = follow(alice, alice.post(f"{base}/times", form_of(page.text, f"{base}/times")))
    page = follow(alice, alice.post(f"{base}/book", form_of(page.text, f"{base}/book")))

    assert text_of(page.text).count("Mia Alvarez, in person") == 2
    assert {a.child_key for a in homes.standing()} == {"nmia alvarez"}
    assert {a.student_id for a in homes.standing()} == {None}
    assert len(homes.all(Student)) == 3


def test_going_back_and_changing_ones_mind_keeps_what_was_chosen(homes: Households) -> None:
    base, alice = homes.base, homes.browser("alice")
    folake, jonas = homes.pick("mia", "Folake", 2, "V"), homes.pick("leo", "Jonas", 4)
    check = alice.get(homes.check(folake, jonas))

    [back] = set(re.findall(r'class="btn" href="([^"]+)">Back', check.text))
    times = alice.get(back.replace("&amp;", "&"))
    fields = form_of(times.text, f"{base}/times")

    assert fields[f"t-{homes.pick('mia', 'Folake')}"] == [homes.slots["Folake"][2].token]
    assert fields[f"m-{homes.pick('mia', 'Folake')}"] == ["V"]
    assert fields[f"t-{homes.pick('leo', 'Jonas')}"] == [homes.slots["Jonas"][4].token]
    [back] = re.findall(r'class="btn" href="([^"]+)">Back', times.text)
    teachers = form_of(alice.get(back.replace("&amp;", "&")).text, f"{base}/teachers")
    assert set(teachers["pick"]) == {homes.pick("mia", "Folake"), homes.pick("leo", "Jonas")}
