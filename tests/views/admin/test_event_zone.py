"""The page on which an event's time zone is changed: shown first, then done once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from event_office import Office, open_office, words
from online_office import time_stands_at

from webapp.db import Database
from webapp.models import Audit, Level, Slot


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def change(office: Office, zone: str, **typed: str) -> Any:
    path = office.path(f"zone?zone={zone}")
    sent = {"zone": zone, "was": "America/Chicago", "key": office.dora.key(path)} | typed
    return office.dora.post(office.path("zone"), sent)


def test_the_preview_counts_what_moves_and_changes_nothing(office: Office) -> None:
    office.booked(office.slots(office.folake, 4)[0])

    page = words(office.dora.get(office.path("zone?zone=America/New_York")).text)

    assert "4 slots keep their wall times." in page
    assert "The first, at 4:00 PM, begins 60 minutes earlier than now." in page
    assert "1 coming appointment, 1 family" in page
    assert "Mail 1 family its appointments anew" in page
    assert office.again(office.event).zone == "America/Chicago"


def test_the_button_changes_the_zone_once_and_the_page_says_when(office: Office) -> None:
    [slot] = office.slots(office.folake, 1)
    sent = {"zone": "Europe/Berlin", "was": "America/Chicago"}
    sent["key"] = office.dora.key(office.path("zone?zone=Europe/Berlin"))

    answers = [office.dora.post(office.path("zone"), sent) for _ in range(2)]

    page = words(office.dora.get(answers[0].location).text)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert "The time zone is Europe/Berlin now." in page
    assert "Last changed Mon, Nov 23" in page
    assert office.again(slot).wall_start == slot.wall_start
    assert [row.action for row in office.all(Audit)].count("event.zone") == 1


@pytest.mark.parametrize("zone", ["EST", "../UTC", "GMT%2B3", "Europe/Atlantis", "%00"])
def test_no_zone_is_refused_with_a_suggestion_before_and_at_the_button(office: Office, zone: str) -> None:
    """ADMIN-002"""
    shown = office.dora.get(office.path(f"zone?zone={zone}"))

    assert shown.status_code == 422
    assert "Change time zone" not in shown.text
    assert "%00" in zone or "Choose a time zone by region and city, such as" in words(shown.text)


def test_an_empty_zone_changes_nothing(office: Office) -> None:
    """ADMIN-002"""
    key = office.dora.key(office.path("zone?zone=Europe/Berlin"))

    answer = office.dora.post(office.path("zone"), {"zone": "", "was": "America/Chicago", "key": key})

    assert answer.status_code == 422
    assert "such as" in words(answer.text)
    assert office.again(office.event).zone == "America/Chicago"


def test_a_zone_changed_in_another_tab_is_a_conflict(office: Office) -> None:
    change(office, "Europe/Berlin")

    answer = change(office, "Asia/Tokyo")

    assert answer.status_code == 409
    assert "Somebody else has changed this event's time zone meanwhile." in words(answer.text)
    assert office.again(office.event).zone == "Europe/Berlin"


def test_a_time_that_the_new_zone_skips_is_named_and_there_is_no_button(office: Office) -> None:
    [slot] = office.slots(office.folake, 1)
    with office.arranged() as session:
        session.get_one(Slot, slot.id).wall_start = "2027-03-14T02:30"

    page = office.dora.get(office.path("zone?zone=America/New_York")).text

    assert "2027-03-14 02:30 does not exist there" in words(page)
    assert 'name="key"' not in page.partition('id="h-plan"')[2]


def test_an_event_administrator_changes_the_zone_of_granted_events_only(office: Office) -> None:
    other, _ = office.another_event()
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    assert bob.get(office.path("zone")).status_code == 200
    assert bob.get(office.path("zone", other)).status_code == 404
    assert bob.post(office.path("zone", other), {"zone": "UTC"}).status_code == 404
    assert office.someone(Level.MAKER).post(office.path("zone")).status_code == 403
