"""Delete from the list of events: said first, typed where it hurts, once, and taken back."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from event_office import Office, open_office, words
from online_office import time_stands_at

from webapp.db import Database
from webapp.models import Appointment, Audit, Event, Level, Slot


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def delete(office: Office, **typed: str) -> Any:
    path = office.path("delete")
    return office.dora.post(path, {"key": office.dora.key(path)} | typed)


def test_the_page_says_what_goes_and_what_stays(office: Office) -> None:
    office.booked(office.slots(office.folake, 3)[0])

    page = words(office.dora.get(office.path("delete")).text)

    for said in ("2 teachers and teams", "3 slots", "1 of them is still to come", "for 1 family"):
        assert said in page
    assert "Contacts, students, classes and enrolments stay" in page


def test_coming_appointments_ask_for_the_name_and_nothing_goes_without_it(office: Office) -> None:
    """ADMIN-023: typed confirmation."""
    booked = office.booked(office.slots(office.folake, 1)[0])

    refused = delete(office, name="yes")
    gone = delete(office, name=office.event.name)

    assert (refused.status_code, gone.status_code) == (422, 303)
    assert 'id="del-name-err"' in refused.text
    assert office.again(booked).cancelled_at is not None
    assert "is deleted. It can be restored for 30 days." in words(office.dora.get(gone.location).text)


def test_an_event_without_coming_appointments_goes_by_one_button_and_a_second_press_does_nothing(
    office: Office,
) -> None:
    sent = {"key": office.dora.key(office.path("delete"))}

    answers = [office.dora.post(office.path("delete"), sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [row.action for row in office.all(Audit)].count("event.delete") == 1
    assert office.dora.get(office.path()).status_code == 404
    assert office.dora.get(f"/{office.school.slug}/{office.event.slug}/").status_code == 404


def test_a_deleted_event_is_restored_from_the_list_with_its_slots(office: Office) -> None:
    """ADMIN-023: restorable for 30 days; what was cancelled stays cancelled."""
    office.slots(office.folake, 2)
    delete(office)
    page = office.dora.get(f"{office.base}/events").text
    form = re.search(r'name="event" value="(\d+)"', page)
    assert form

    answer = office.dora.post(f"{office.base}/events/restore", {"event": form[1]})

    assert "Deleted events" in page
    assert "Kept until Wed, Dec 23" in words(page)
    assert answer.location == office.path()
    assert office.kinds() == "P P"
    assert "Deleted events" not in office.dora.get(f"{office.base}/events").text


def test_a_second_press_of_restore_does_nothing_more(office: Office) -> None:
    office.slots(office.folake, 2)
    delete(office)
    sent = {"event": str(office.event.id)}

    answers = [office.dora.post(f"{office.base}/events/restore", sent) for _ in range(2)]

    assert [(answer.status_code, answer.location) for answer in answers] == [(303, office.path())] * 2
    assert [row.action for row in office.all(Audit)].count("event.restore") == 1
    assert {slot.version for slot in office.all(Slot)} == {3}


@pytest.mark.parametrize("event", ["", "x", "-1", "0", "9" * 20, "2147483648", "99999"])
def test_what_is_not_there_is_not_restored(office: Office, event: str) -> None:
    assert office.dora.post(f"{office.base}/events/restore", {"event": event}).status_code == 404


def test_only_administrators_delete_and_restore(office: Office) -> None:
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)
    office.booked(office.slots(office.folake, 1)[0])

    answers = [
        bob.get(office.path("delete")),
        bob.post(office.path("delete"), {"name": office.event.name}),
        bob.post(f"{office.base}/events/restore", {"event": str(office.event.id)}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert office.all(Event)[0].deleted_at is None
    assert office.all(Appointment)[0].cancelled_at is None
    assert "Deleted events" not in bob.get(f"{office.base}/events").text


def test_another_school_restores_nothing_of_ours(office: Office) -> None:
    delete(office)
    other = office.another_school()
    zora = office.someone(Level.ADMINISTRATOR, school=other)

    answer = zora.post(f"/s/{other.slug}/events/restore", {"event": str(office.event.id)})

    assert answer.status_code == 404
    assert "Deleted events" not in zora.get(f"/s/{other.slug}/events").text
