"""Resource Administrators work on the slots of the resources granted to them, and find nothing of the others."""

import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape

import pytest
from app import Browser
from event_office import Office, open_office, words
from online_office import time_stands_at

from webapp.db import Database
from webapp.models import Level, Resource, Slot


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def bob(office: Office) -> Browser:
    return office.someone(Level.RESOURCE_ADMINISTRATOR, office.folake)


def owners(office: Office) -> set[int]:
    return {slot.resource_id for slot in office.all(Slot) if slot.removed_at is None}


def test_the_event_is_listed_and_its_tab_shows_the_granted_teacher_alone(office: Office, bob: Browser) -> None:
    """PRODUCT 1.6"""
    office.slots(office.folake, 2)
    office.slots(office.hugh, 3, day=1)

    listed = bob.get(f"{office.base}/events").text
    tab = words(bob.get(office.path()).text)

    assert f'href="{office.path()}"' in listed
    assert "Folake Adeyemi" in tab
    assert "Hugh Barlow" not in tab
    assert "Fri, Dec 4" not in tab


def test_the_tab_offers_no_rooms_and_no_settings(office: Office, bob: Browser) -> None:
    office.slots(office.folake, 2)

    tab = bob.get(office.path()).text

    assert "data-edit-open" not in tab
    assert "UI Setup" not in tab


def test_an_event_administrator_with_one_resource_is_offered_nothing_that_they_may_not_open(office: Office) -> None:
    """PRODUCT 1.6"""
    office.set(mails_held_at=office.now)
    with office.arranged() as session:
        session.get_one(Resource, office.folake.id).room = ""
    first, _ = office.slots(office.folake, 2)
    booked = office.booked(first)
    spring, theirs = office.another_event()
    dan = office.someone(Level.EVENT_ADMINISTRATOR, office.folake, theirs)
    eve = office.someone(Level.EVENT_ADMINISTRATOR, office.event, spring)

    def offered(browser: Browser) -> set[str]:
        pages = [f"{office.base}/events", office.path(), office.path(f"a/{booked.id}")]
        shown = "".join(browser.get(page).text for page in pages)
        return {unescape(address) for address in re.findall(rf'(?:href|hx-get)="({office.base}/e/[^"#]+)', shown)}

    assert {address for address in offered(dan) if dan.get(address).status_code == 404} == set()
    assert "The office types the rooms." in words(dan.get(office.path()).text)
    whole = {office.path(way) for way in ("settings/ui-setup", "settings/notifications", "details")}
    whole.add(office.path(f"t/{office.folake.id}"))
    assert whole & offered(dan) == set()
    assert whole <= offered(eve)
    assert office.path("details", spring) in offered(eve) - offered(dan)


def test_all_teachers_are_all_who_are_granted(office: Office, bob: Browser) -> None:
    """PRODUCT 1.6: they add and remove slots only for resources granted."""
    shown = bob.post(office.path("slots/create/preview"), office.form("create", bob), htmx=True).text
    answer = office.do("create", bob)

    assert "Create 4 slots</button>" in shown
    assert "Hugh Barlow" not in shown
    assert answer.status_code == 303
    assert owners(office) == {office.folake.id}


@pytest.mark.parametrize("deed", ["update", "move", "delete"])
def test_all_slots_are_all_of_those_granted(office: Office, bob: Browser, deed: str) -> None:
    office.slots(office.folake, 2)
    office.slots(office.hugh, 2)

    office.do(deed, bob, visibility="hidden")

    theirs = [slot for slot in office.all(Slot) if slot.resource_id == office.hugh.id]
    mine = [slot for slot in office.all(Slot) if slot.resource_id == office.folake.id]
    assert [(slot.version, slot.removed_at) for slot in theirs] == [(1, None)] * 2
    assert not mine or {slot.version for slot in mine} == {2}


@pytest.mark.parametrize("deed", ["create", "update", "copy", "move", "delete"])
def test_somebody_who_is_not_granted_is_not_found(office: Office, bob: Browser, deed: str) -> None:
    """ADMIN-015"""
    chosen = {"who": "selected", "resources": [str(office.folake.id), str(office.hugh.id)]}

    for step in ("", "/preview"):
        answer = bob.post(office.path(f"slots/{deed}{step}"), office.form(deed) | chosen)
        assert answer.status_code == 404

    assert office.all(Slot) == []


def test_a_group_means_those_of_it_who_are_granted(office: Office, bob: Browser) -> None:
    answer = bob.post(office.path("slots/create/preview"), office.form("create") | {"who": "group:Grade 5"})

    assert answer.status_code == 422
    assert "Choose at least one teacher" in words(answer.text)


def test_with_the_whole_event_granted_all_resources_are(office: Office) -> None:
    bob = office.someone(Level.RESOURCE_ADMINISTRATOR, office.event)

    office.do("create", bob)

    assert owners(office) == {office.folake.id, office.hugh.id}


def test_a_grant_in_another_event_opens_nothing_here(office: Office) -> None:
    _, elsewhere = office.another_event()
    bob = office.someone(Level.RESOURCE_ADMINISTRATOR, elsewhere)

    assert bob.get(office.path()).status_code == 404
    assert office.do("create", bob).status_code == 404
