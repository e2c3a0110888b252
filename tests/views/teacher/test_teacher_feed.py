"""A teacher's private calendar link: conferences, no child's name, until it is renewed, stopped, or they leave."""

import re
from datetime import timedelta
from typing import Any

import pytest
import vobject
from app import Browser
from calendar_desk import Desk, open_desk
from factories import EVENING, make_appointment, make_contact, make_resource, make_slot, make_teacher
from sqlalchemy import update

from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Contact, Event, Feed, Level

LINK = re.compile(r"http://localhost(/calendar/[0-9a-f]{40}\.ics)<")


@pytest.fixture
def desk(database: Database) -> Desk:
    return open_desk(database)


def made(desk: Desk, browser: Browser | None = None) -> str:
    """The path of a new link, read off the page."""
    mine = browser or desk.petra
    answer = mine.post(f"{desk.page}/feed")
    assert answer.status_code == 303
    found = LINK.search(mine.get(desk.page).text)
    assert found
    return found[1]


def program(desk: Desk, link: str, **more: Any) -> Any:
    """A calendar program: it has the link and no sign-in."""
    return Browser(desk.app).get(link, **more)


def entries(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return list(vobject.readOne(answer.text).contents.get("vevent", []))


def test_it_shows_their_conferences_of_teams_too_and_nobody_elses(desk: Desk) -> None:
    with desk.arranged() as session:
        event = session.get_one(Event, desk.resource.event_id)
        hugh = make_teacher(session, desk.school, "Hugh", "Barlow")
        team = make_resource(session, event, hugh, session.get_one(Contact, desk.teacher.id), name="Team 4")
        bob = make_contact(session, desk.school, "Bob")
        for resource in (team, make_resource(session, event, hugh)):
            slot = make_slot(session, resource, at=EVENING + timedelta(hours=1))
            make_appointment(session, slot, bob, child_name="Leo")

    found = entries(program(desk, made(desk)))

    assert [event.summary.value.split(",")[0] for event in found] == [desk.resource.name, "Team 4"]


def test_no_property_has_the_name_of_a_child_or_a_parent(desk: Desk) -> None:
    """ICS-006: who comes stands on a page that asks who is there."""
    text = program(desk, made(desk)).text.replace("\r\n ", "")

    assert not [name for name in ("Mia", "Alvarez", "Alice") if name in text]
    assert f"/s/{desk.school.slug}/reports/teachers-schedule?event=" in text


def test_what_is_cancelled_is_said_to_be(desk: Desk) -> None:
    link = made(desk)
    with desk.arranged() as session:
        session.execute(update(Appointment).values(cancelled_at=clock.now()))

    assert [event.status.value for event in entries(program(desk, link))] == ["CANCELLED"]


def test_without_conferences_it_is_valid_and_empty(desk: Desk) -> None:
    """ICS-024"""
    with desk.arranged() as session:
        session.execute(update(Appointment).values(held_until=clock.now() + timedelta(minutes=5)))

    assert entries(program(desk, made(desk))) == []


def test_a_link_that_was_renewed_or_stopped_is_dead_and_the_familys_lives_on(desk: Desk) -> None:
    """ICS-002"""
    with desk.arranged() as session:
        family = Feed(contact_id=desk.teacher.id, school_id=desk.school.id, token_hash="x", made_at=clock.now())
        session.add(family)
    first = made(desk)
    second = made(desk)
    renewed = program(desk, first)
    desk.petra.post(f"{desk.page}/feed/stop")

    assert (renewed.status_code, program(desk, second).status_code) == (410, 410)
    assert "Petra" not in renewed.text
    assert [feed.kind for feed in desk.all(Feed)] == ["family"]
    assert desk.audited() == ["feed.make", "feed.make", "feed.stop"]


def test_who_teaches_no_more_is_not_followed(desk: Desk) -> None:
    """ICS-005"""
    link = made(desk)
    with desk.arranged() as session:
        session.get_one(Contact, desk.teacher.id).level = Level.CUSTOMER

    assert program(desk, link).status_code == 410


def test_a_colleagues_link_shows_the_colleagues_own(desk: Desk) -> None:
    """ICS-003: the link alone says whose it is, and no address names a teacher."""
    hugh = desk.someone(lambda session: make_teacher(session, desk.school, "Hugh", "Barlow"))

    assert entries(program(desk, made(desk, hugh))) == []
    assert program(desk, "/calendar/" + "0" * 40 + ".ics").status_code == 410


def test_it_is_not_for_search_engines_and_kept_privately(desk: Desk) -> None:
    """ICS-008"""
    answer = program(desk, made(desk))

    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Cache-Control"].startswith("private")


def test_looks_parts_and_unchanged_files_are_answered_right(desk: Desk) -> None:
    """ICS-023"""
    link = made(desk)
    browser, whole = Browser(desk.app), program(desk, link)

    head = browser.client.head(link)
    some = browser.get(link, headers={"Range": "bytes=0-10"})
    same = browser.get(link, headers={"If-None-Match": whole.headers["ETag"]})

    assert (head.status_code, head.data) == (200, b"")
    assert some.status_code in {200, 206}
    assert same.status_code == 304


def test_it_is_shown_only_in_the_browser_that_made_it(desk: Desk) -> None:
    """RELIABILITY T29: the server keeps its hash alone."""
    made(desk)
    other = desk.someone(lambda session: session.get_one(Contact, desk.teacher.id))

    page = other.get(desk.page).text

    assert not LINK.search(page)
    assert "It is shown only in the browser that made it." in page
