"""The private calendar link of a family: all of their appointments and nothing else, until it is renewed or stopped."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import vobject
from app import Browser
from factories import make_appointment, make_event, make_resource, make_slot
from households import Households, text_of
from sqlalchemy import insert

from webapp import clock
from webapp.models import Appointment, Contact, Feed
from webapp.models.booking.appointment import BROKEN_RULE
from webapp.services.booking.own import MOST_IN_FEED
from webapp.services.people.contact_log import log_of
from webapp.services.people.feeds import MOST_AN_HOUR, count_look

LINK = re.compile(r"http://localhost(/calendar/[0-9a-f]{40}\.ics)<")


def link_of(homes: Households, name: str = "alice") -> str:
    """The path of a new link, read off the page."""
    browser = homes.browser(name)
    made = browser.post(f"{homes.base}/mine/calendar")
    assert made.location == f"{homes.base}/mine/calendar"
    found = LINK.search(browser.get(made.location).text)
    assert found
    return found[1]


def program(homes: Households) -> Browser:
    """A calendar program: it has the link and no sign-in."""
    return Browser(homes.app)


def entries(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return list(vobject.readOne(answer.text).contents.get("vevent", []))


def test_a_program_with_the_link_follows_what_is_booked_moved_and_cancelled(homes: Households) -> None:
    link = link_of(homes)
    assert entries(program(homes).get(link)) == []

    mine = homes.booked("alice", homes.pick("leo", "Jonas", 0))
    homes.run_jobs()
    [meeting] = homes.meetings.standing()
    answer = program(homes).get(link)

    [event] = entries(answer)
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert (event.url.value, event.status.value) == (meeting.shown().join_url, "CONFIRMED")
    page = homes.browser("alice").get(f"{homes.base}/a/{mine.token}/calendar.ics")
    assert [event.uid.value] == [one.uid.value for one in entries(page)]

    homes.browser("alice").post(f"{homes.base}/a/{mine.token}/cancel", {"key": homes.key()})
    assert [one.status.value for one in entries(program(homes).get(link))] == ["CANCELLED"]


def test_it_holds_all_events_of_the_school_and_nothing_of_another_household(homes: Households) -> None:
    """RELIABILITY T29: no address, no attendee, nothing of the account."""
    homes.booked("alice", homes.pick("mia", "Petra", 0))
    homes.booked("bob", homes.pick("mia", "Folake", 2, "P"))
    with homes.database.transaction() as session:
        spring = make_event(session, homes.school, name="Spring Conferences")
        make_appointment(session, make_slot(session, make_resource(session, spring)), homes.people["alice"])

    answer = program(homes).get(link_of(homes))

    assert len(entries(answer)) == 2
    assert "Folake" not in answer.text
    assert not [word for word in ("ATTENDEE", "ORGANIZER", "mail.example", "Alvarez.") if word in answer.text]


def test_what_is_held_or_against_a_rule_or_of_a_deleted_event_is_not_in_it(homes: Households, now: datetime) -> None:
    link = link_of(homes)
    with homes.database.transaction() as session:
        gone = make_event(session, homes.school, deleted_at=now)
        alice, slots = homes.people["alice"], homes.slots["Petra"]
        make_appointment(session, slots[0], alice, held_until=now + timedelta(minutes=5))
        make_appointment(session, slots[1], alice, problem=BROKEN_RULE)
        make_appointment(session, make_slot(session, make_resource(session, gone)), alice)

    assert entries(program(homes).get(link)) == []


def test_renewing_kills_the_link_before_and_stopping_the_last(homes: Households) -> None:
    """ICS-002: with the answer of a link that never was."""
    first = link_of(homes)
    second = link_of(homes)
    never = "/calendar/" + "0" * 40 + ".ics"

    assert program(homes).get(second).status_code == 200
    stopped = homes.browser("alice").post(f"{homes.base}/mine/calendar/stop")

    answers = [program(homes).get(path) for path in (first, second, never)]
    assert stopped.status_code == 303
    assert [answer.status_code for answer in answers] == [410] * 3
    assert len({answer.text for answer in answers}) == 1
    assert "Make a private link" in homes.browser("alice").get(f"{homes.base}/mine/calendar").text
    assert homes.all(Feed) == []


def test_the_server_keeps_a_hash_and_another_browser_is_offered_a_new_link(homes: Households, now: datetime) -> None:
    secret = link_of(homes).removeprefix("/calendar/").removesuffix(".ics")
    with homes.database.transaction() as session:
        contact = session.get_one(Contact, homes.people["alice"].id)
        elsewhere = Browser(homes.app).sign_in(session, contact, now=now)

    page = elsewhere.get(f"{homes.base}/mine/calendar").text

    [row] = homes.all(Feed)
    assert secret not in (row.token_hash, page)
    assert "It is shown only in the browser that made it." in text_of(page)
    assert "Renew the link" in page


def test_a_link_dies_with_its_contact_and_nobody_else_can_renew_it(homes: Households) -> None:
    """ICS-005, ICS-003: gone as if it had never been."""
    link = link_of(homes, "charlie")
    homes.browser("bob").post(f"{homes.base}/mine/calendar")
    assert program(homes).get(link).status_code == 200

    with homes.database.transaction() as session:
        session.delete(session.get_one(Contact, homes.people["charlie"].id))

    assert program(homes).get(link).status_code == 410


def test_no_robot_lists_it_and_no_proxy_keeps_it(homes: Households) -> None:
    """ICS-008"""
    headers = program(homes).get(link_of(homes)).headers

    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Cache-Control"] == "private, max-age=300"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in headers


def test_what_has_not_changed_is_not_sent_again_and_odd_requests_are_answered(homes: Households) -> None:
    """ICS-023"""
    link = link_of(homes)
    homes.booked("alice", homes.pick("mia", "Petra", 0))
    first = program(homes).get(link)

    same = program(homes).get(link, headers={"If-None-Match": first.headers["ETag"]})
    homes.booked("alice", homes.pick("leo", "Jonas", 2))
    other = program(homes).get(link, headers={"If-None-Match": first.headers["ETag"]})
    head = program(homes).client.head(link)
    part = program(homes).get(link, headers={"Range": "bytes=5-9"})
    odd = [program(homes).get(path).status_code for path in ("/calendar/%00.ics", "/calendar/ä.ics", "/calendar/..ics")]

    assert (same.status_code, same.data) == (304, b"")
    assert len(entries(other)) == 2
    assert (head.status_code, head.data) == (200, b"")
    assert part.status_code in {200, 206}
    assert odd == [410] * 3


def test_five_thousand_appointments_are_a_file_of_the_first_hundreds(homes: Households, now: datetime) -> None:
    """ICS-021: under a second of the processor, and bounded."""
    link = link_of(homes)
    with homes.database.transaction() as session:
        first = make_appointment(session, homes.slots["Petra"][0], homes.people["alice"], cancelled_at=now)
        row = first.model_dump(exclude={"id"})
        session.execute(insert(Appointment), [row | {"token": f"token-{n}"} for n in range(4_999)])

    began = time.thread_time()
    answer = program(homes).get(link)
    took = time.thread_time() - began

    assert len(entries(answer)) == MOST_IN_FEED
    assert took < 1


def test_a_program_that_asks_all_the_time_is_told_to_wait(homes: Households, now: datetime) -> None:
    link, other = link_of(homes), link_of(homes, "bob")
    with homes.database.transaction() as session:
        for _ in range(MOST_AN_HOUR - 1):
            count_look(session, homes.people["alice"], now=clock.now())

    statuses = [program(homes).get(path).status_code for path in (link, link, other)]

    assert statuses == [200, 429, 200]
    clock.move(now - datetime.now(UTC) + timedelta(hours=1))
    assert program(homes).get(link).status_code == 200


def test_a_made_and_a_stopped_link_stand_in_the_contacts_log(homes: Households) -> None:
    link_of(homes)
    homes.browser("alice").post(f"{homes.base}/mine/calendar/stop")

    with homes.database.reading() as session:
        said = [happened.said for happened in log_of(session, homes.people["alice"])]
    assert said[:2] == ["Calendar link stopped", "Calendar link made or renewed"]
