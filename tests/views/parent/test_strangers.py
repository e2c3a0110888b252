"""Tests that everybody sees their own: another family's token, whosoever's it is, is not found."""

from datetime import datetime

import pytest
from app import Browser
from factories import make_contact, make_event, make_school
from households import Households

from webapp.models import Appointment, Contact


@pytest.mark.parametrize("name", ["bob", "charlie", "dora"])
def test_another_familys_appointment_is_not_found(homes: Households, name: str) -> None:
    mine = homes.booked("alice", homes.pick("mia", "Petra", 0))
    browser, key = homes.browser(name), homes.key()
    row = f"{homes.base}/a/{mine.token}"

    answers = [
        browser.get(f"{homes.base}/booked/{mine.act}"),
        browser.get(row),
        browser.get(f"{row}/cancel"),
        browser.get(f"{row}/move"),
        browser.post(f"{row}/cancel", {"key": key}),
        browser.post(f"{row}/move", {"key": key, "slot": homes.slots["Petra"][1].token}),
        browser.get(f"{homes.base}/a/made-up"),
        browser.get(f"{homes.base}/booked/made-up"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers[:4]}) == 1
    assert [(a.slot_id, a.cancelled_at) for a in homes.all(Appointment)] == [(mine.slot_id, None)]


def test_the_co_parent_sees_neither_the_appointment_nor_its_link(homes: Households) -> None:
    homes.booked("alice", homes.pick("mia", "Folake", 0, "V"))
    homes.run_jobs()
    bob = homes.browser("bob")

    pages = [bob.get(f"{homes.base}/{page}").text for page in ("mine", "teachers")]
    times = bob.get(f"{homes.base}/times?pick={homes.pick('mia', 'Petra')}").text

    for page in pages:
        assert "zoom.us" not in page
        assert "You have an appointment" not in page
    assert "You have no appointments" in pages[0]
    assert "Folake" not in times


def test_the_event_in_the_address_has_to_be_the_appointments_own(homes: Households) -> None:
    mine = homes.booked("alice", homes.pick("mia", "Petra", 0))
    with homes.database.transaction() as session:
        other = make_event(session, homes.school)
    elsewhere = f"/{homes.school.slug}/{other.slug}"

    assert homes.browser("alice").get(f"{elsewhere}/a/{mine.token}").status_code == 404
    assert homes.browser("alice").get(f"{elsewhere}/booked/{mine.act}").status_code == 404
    assert homes.browser("alice").post(f"{elsewhere}/a/{mine.token}/cancel", {"key": homes.key()}).status_code == 404


def test_a_parent_of_another_school_is_a_stranger_here(homes: Households, now: object) -> None:
    with homes.database.transaction() as session:
        foreigner = make_contact(session, make_school(session), "Alice")
        browser = Browser(homes.app).sign_in(session, foreigner, now=now)

    assert browser.get(f"{homes.base}/").status_code == 200
    for page in ("mine", "teachers", "children", "times", "check"):
        assert browser.get(f"{homes.base}/{page}").location == f"{homes.base}/?next={homes.base}/{page}"
    assert browser.post(f"{homes.base}/book", {"pick": homes.pick("mia", "Petra", 0)}).status_code == 404


def test_who_is_signed_in_by_an_address_that_the_office_has_corrected_is_asked_to_sign_in(homes: Households) -> None:
    """The links of the mails that come to the new address open in the browser that holds the old sign-in."""
    booked = homes.booked("alice", homes.pick("mia", "Petra", 0))
    with homes.database.transaction() as session:
        session.get_one(Contact, homes.people["alice"].id).login_id = None
    alice = homes.browser("alice")

    opened = alice.get(f"{homes.base}/mine/schedule?day=1")
    polled = alice.htmx(f"{homes.base}/a/{booked.token}")
    sign_in = alice.get(opened.location)

    assert opened.location == f"{homes.base}/?next={homes.base}/mine/schedule?day%3D1"
    assert (polled.status_code, polled.headers["HX-Redirect"]) == (401, f"{homes.base}/")
    assert f'name="next" value="{homes.base}/mine/schedule?day=1"' in sign_in.text
    assert alice.post(f"{homes.base}/a/{booked.token}/cancel", {"key": homes.key()}).status_code == 404


def test_a_stranger_who_is_signed_in_learns_no_more_than_one_who_is_not(homes: Households, now: datetime) -> None:
    """Whether there is an appointment, an act of booking, an event or a school."""
    booked = homes.booked("alice", homes.pick("mia", "Petra", 0))
    with homes.database.transaction() as session:
        foreigner = make_contact(session, make_school(session), "Alice")
        browser, visitor = Browser(homes.app).sign_in(session, foreigner, now=now), Browser(homes.app)
    pages = [f"a/{booked.token}", "a/made-up", f"booked/{booked.act}", "booked/made-up", "mine", "nothing-here"]

    here = [[one.get(f"{homes.base}/{page}") for page in pages] for one in (browser, visitor)]
    nowhere = [one.get(f"/{homes.school.slug}/nowhere/mine", follow_redirects=True) for one in (browser, visitor)]

    assert [(a.status_code, a.location) for a in here[0]] == [(a.status_code, a.location) for a in here[1]]
    assert {answer.status_code for answer in nowhere} == {404}


def test_hostile_tokens_are_not_found(homes: Households) -> None:
    """URL-003, URL-022: neither what could be no token, nor one that is cut, doubled or has a letter changed."""
    alice = homes.browser("alice")
    token = homes.booked("alice", homes.pick("mia", "Folake", 0, "P")).token

    for wrong in (token[:-1], token + token, ("b" if token[0] == "a" else "a") + token[1:]):
        assert alice.get(f"{homes.base}/a/{wrong}").status_code == 404
    for odd in ("%00", "a%0Ab", "a b", "ä", "..%2f..", "x" * 300, "1%20OR%201=1", "<script>"):
        for path in (f"a/{odd}", f"a/{odd}/cancel", f"a/{odd}/move", f"booked/{odd}"):
            assert alice.get(f"{homes.base}/{path}").status_code in {404, 308}
        assert alice.get(f"/{homes.school.slug}/{odd}/").status_code == 404


def test_nothing_of_a_page_is_kept_by_the_browser(homes: Households) -> None:
    """URL-030"""
    homes.booked("alice", homes.pick("mia", "Petra", 0))

    answer = homes.browser("alice").get(f"{homes.base}/mine")

    assert answer.headers["Cache-Control"] == "no-store, private"
    assert "Set-Cookie" not in homes.browser("alice").get(f"{homes.base}/a/{homes.standing()[0].token}").headers
