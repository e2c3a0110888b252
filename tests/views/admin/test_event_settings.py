"""UI Setup and Vendor UI Setup: availability, the link, the provider, the appointment type."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from event_office import Office, cell, headings, open_office, words
from factories import make_appointment
from online_office import time_stands_at
from sqlmodel import select

from jobs.link_sync import sync_links
from webapp.db import Database
from webapp.models import Appointment, Connection, EventSettings, Level
from webapp.services.booking.consequences import follow

UI, VENDOR = "settings/ui-setup", "settings/vendor-ui-setup"
LINK = "https://meet.linden.example/adeyemi"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def save(office: Office, **typed: str) -> Any:
    return office.dora.post(office.path("settings/ui-setup"), typed)


def settings(office: Office) -> EventSettings:
    with office.database.reading() as session:
        return session.get_one(EventSettings, office.event.id)


def disconnect(office: Office) -> None:
    with office.arranged() as session:
        session.exec(select(Connection)).one().disconnected_at = office.now


def test_times_are_typed_and_shown_on_the_clocks_of_the_event(office: Office) -> None:
    answer = save(office, opens_at="2026-11-23T08:00", closes_at="2026-12-02T20:00", admins_may_preview="1")

    page = office.dora.get(answer.location).text
    assert (answer.status_code, answer.location) == (303, office.path("settings/ui-setup"))
    assert settings(office).closes_at == datetime(2026, 12, 3, 2, 0, tzinfo=UTC)
    assert 'value="2026-11-23T08:00"' in page
    assert 'value="2026-12-02T20:00"' in page
    assert "Central Time (America/Chicago)" in words(page)
    assert "Booking open until Wed, Dec 2, 8:00 PM" in words(page)
    assert 'name="admins_may_preview" value="1" checked' in page
    assert 'role="status"' in page.partition("Saved")[0].rpartition("<div")[2]


def test_the_walking_time_between_rooms_is_five_minutes_until_the_office_says_otherwise(office: Office) -> None:
    page = office.dora.get(office.path("settings/ui-setup")).text
    before = settings(office).walk_minutes

    save(office, walk_minutes="12")

    assert re.search(r'<input[^>]*name="walk_minutes"[^>]*value="5"', page)
    assert (before, settings(office).walk_minutes) == (5, 12)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"opens_at": "2026-12-02T20:00", "closes_at": "2026-12-02T08:00"}, "close", "must close after it opens"),
        ({"opens_at": "2026-03-08T02:30"}, "open", "the clock change skips it"),
        ({"closes_at": "tomorrow"}, "close", "Enter a date and a time"),
        ({"walk_minutes": "121"}, "walk", "Type 120 or less"),
        ({"provider": "teams"}, "provider", "Choose one of the list"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(
    office: Office, typed: dict[str, str], field: str, said: str
) -> None:
    before = settings(office).model_dump()

    answer = save(office, **typed)

    error = answer.text.partition(f'id="ui-{field}-err"')[2].partition("</p>")[0]
    assert answer.status_code == 422
    assert said in words(error)
    assert settings(office).model_dump() == before


def test_the_scheduling_link_can_be_copied(office: Office) -> None:
    page = office.dora.get(office.path("settings/ui-setup")).text

    assert f'readonly dir="ltr" value="http://localhost/{office.school.slug}/{office.event.slug}/"' in page


def test_the_provider_is_empty_or_zoom(office: Office) -> None:
    """R19, R20: the drop-down has an empty choice, which a new event has."""
    page = office.dora.get(office.path("settings/ui-setup")).text

    options = page.partition('id="ui-provider"')[2].partition("</select>")[0]
    assert "Advanced Settings" in page
    assert "Online Meeting Provider" in page
    assert '<option value="" selected></option><option value="zoom">Zoom</option>' in options


def test_only_virtual_bookings_of_an_event_with_zoom_get_links(office: Office) -> None:
    """R18, R19, R24: connecting alone makes no meeting; choosing Zoom in one event leaves the others alone."""
    other, elsewhere = office.another_event()
    here = office.slots(office.folake, 3, kind="V")
    there = office.slots(elsewhere, 2, kind="V", day=1)
    before = office.booked(here[0])
    sync_links(office.app)
    made_by_connecting = len(office.zoom.standing())

    save(office, provider="zoom")
    later = office.booked(here[1])
    office.booked(there[0])
    sync_links(office.app)

    assert made_by_connecting == 0
    assert settings(office).provider == "zoom"
    assert len(office.zoom.standing()) == 2
    assert office.meeting(before).join_url
    assert office.meeting(later).join_url
    with office.database.reading() as session:
        assert session.get_one(EventSettings, other.id).provider is None


def test_a_typed_link_is_hidden_while_zoom_is_on_and_comes_back_without(office: Office) -> None:
    """R22, R23, R83, R84: the cell keeps its value; the meeting's link is shown, then the typed one again."""
    slot, _ = office.slots(office.folake, 2, kind="V")
    office.dora.post(office.path(f"t/{office.folake.id}/vr"), {"url": LINK, "was": ""})
    appointment = office.booked(slot)
    path = office.path(f"a/{appointment.id}")

    save(office, provider="zoom")
    waiting = words(office.dora.get(path).text)
    sync_links(office.app)
    linked = office.dora.get(path).text
    board = office.dora.get(office.path()).text
    save(office, provider="", links_go="1")
    back = office.dora.get(path).text

    assert "Link on the way" in waiting
    assert office.zoom.standing()[0].id in linked
    assert LINK not in linked
    assert "Zoom integration is on; the typed link is not used." in words(linked)
    assert "Virtual Room Not shown to parents" in headings(board)
    assert "Not used while Zoom is on" in cell(board, f"vr-{office.folake.id}")
    assert f'title="{LINK}"' in cell(board, f"vr-{office.folake.id}")
    assert LINK in back
    assert "Not used" not in office.dora.get(office.path()).text


def test_choosing_zoom_without_a_connection_is_refused_with_a_pointer(office: Office) -> None:
    """R21"""
    disconnect(office)

    answer = save(office, provider="zoom")

    assert answer.status_code == 422
    error = answer.text.partition('id="ui-provider-err"')[2].partition("</p>")[0]
    assert "Zoom is not connected" in words(error)
    assert f'<a href="{office.base}/setup/business">Integration Options</a>' in answer.text
    assert settings(office).provider is None


def test_an_event_that_has_zoom_keeps_it_and_says_that_it_is_not_connected(office: Office) -> None:
    """R21: only changing the value to Zoom is refused."""
    office.set(provider="zoom")
    disconnect(office)

    page = office.dora.get(office.path("settings/ui-setup"))
    answer = save(office, provider="zoom", closes_at="2026-12-02T20:00")

    assert "This event has Zoom, but Zoom is not connected: no links are made." in words(page.text)
    assert answer.status_code == 303
    assert settings(office).provider == "zoom"


def test_an_event_administrator_is_told_who_can_connect(office: Office) -> None:
    disconnect(office)
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    page = bob.get(office.path("settings/ui-setup")).text

    assert "An Administrator can connect it" in page
    assert "/setup/business" not in page


def test_meetings_go_with_the_provider(office: Office) -> None:
    office.set(provider="zoom")
    [slot] = office.slots(office.folake, 1, kind="V")
    office.booked(slot)
    sync_links(office.app)

    save(office, provider="", links_go="1")
    sync_links(office.app)

    assert len(office.zoom.meetings) == 1
    assert office.zoom.standing() == []


def test_links_that_families_have_go_only_by_their_number(office: Office) -> None:
    """ADMIN-020: counted and confirmed; what is typed stays typed, and the typed links come back afterwards."""
    office.set(provider="zoom")
    slots = office.slots(office.folake, 2, kind="V")
    office.booked(slots[0])
    sync_links(office.app)

    asked = save(office, provider="", closes_at="2026-12-02T20:00")
    office.booked(slots[1], nth=2)
    sync_links(office.app)
    late = save(office, provider="", links_go="1")

    assert asked.status_code == late.status_code == 422
    assert "Links that families have would stop working: 1." in words(asked.text)
    assert 'name="links_go" value="1"' in asked.text
    assert "2026-12-02T20:00" in asked.text
    assert "Take 2 links away from their families" in words(late.text)
    assert len(office.zoom.standing()) == 2
    assert save(office, provider="", links_go="2").status_code == 303
    assert settings(office).provider is None


def test_vendor_ui_setup_ticks_the_appointment_type(office: Office) -> None:
    """R43, R44: Settings has the sub-tab; its Slot generator part has the box."""
    page = office.dora.get(office.path()).text
    before = office.dora.get(office.path(VENDOR)).text

    ticked = office.dora.post(office.path(VENDOR), {"shows_appointment_type": "1"})
    shown = office.dora.get(ticked.location).text
    with_type = settings(office).shows_appointment_type
    office.dora.post(office.path(VENDOR))

    assert "Settings / Vendor UI Setup" in words(page)
    assert "Slot generator" in before
    assert 'Show the "Appointment type" dropdown' in words(before)
    assert 'value="1" checked' not in before
    assert with_type
    assert 'value="1" checked' in shown
    assert "Saved" in shown
    assert not settings(office).shows_appointment_type


def test_a_page_that_stood_open_takes_back_nothing_that_somebody_else_has_changed(office: Office) -> None:
    """Two tabs: what is left as it was shown is not saved; what is typed is."""
    stale = office.shown(office.path(UI))
    save(office, **office.shown(office.path(UI)) | {"provider": "zoom", "walk_minutes": "12"})

    answer = save(office, **stale | {"max_per_event": "4", "admins_may_preview": "1"})

    now = settings(office)
    assert answer.status_code == 303
    assert (now.provider, now.walk_minutes) == ("zoom", 12)
    assert (now.max_per_event, now.admins_may_preview) == (4, True)


def test_a_refused_page_still_knows_what_it_showed_first(office: Office) -> None:
    stale = office.shown(office.path(UI))
    save(office, **stale | {"walk_minutes": "12"})

    refused = save(office, **stale | {"max_per_event": "none"})
    again = save(office, **office.shown(office.path(UI), refused.text) | {"max_per_event": "4"})

    assert (refused.status_code, again.status_code) == (422, 303)
    assert (settings(office).walk_minutes, settings(office).max_per_event) == (12, 4)


@pytest.mark.parametrize("odd", ["", "[]", "{", '{"max_per_event": null}', '{"walk_minutes": "many"}'])
def test_a_page_that_does_not_say_what_it_showed_is_saved_as_it_was_typed(office: Office, odd: str) -> None:
    answer = save(office, **office.shown(office.path(UI)) | {"shown": odd, "max_per_event": "4"})

    assert (answer.status_code, settings(office).max_per_event) == (303, 4)


def test_a_page_of_vendor_settings_that_stood_open_takes_nothing_back_either(office: Office) -> None:
    stale = office.shown(office.path(VENDOR))
    office.dora.post(office.path(VENDOR), stale | {"shows_appointment_type": "1"})

    office.dora.post(office.path(VENDOR), stale | {"draw_minutes": "10"})

    assert (settings(office).shows_appointment_type, settings(office).draw_minutes) == (True, 10)


def test_the_settings_of_other_events_stay(office: Office) -> None:
    """R24"""
    other, _ = office.another_event()

    save(office, provider="zoom")
    office.dora.post(office.path(VENDOR), {"shows_appointment_type": "1"})

    with office.database.reading() as session:
        row = session.get_one(EventSettings, other.id)
    assert (row.provider, row.shows_appointment_type) == (None, False)


def test_the_tabs_say_where_one_is(office: Office) -> None:
    for rest, tab in (("", "Appointments"), ("settings/ui-setup", "UI Setup"), ("settings/vendor-ui-setup", "Vendor")):
        page = office.dora.get(office.path(rest)).text
        current = page.partition('class="tabs"')[2].partition(' aria-current="page">')[2].partition("</a>")[0]
        assert tab in words(current)


def test_both_ways_are_open_and_neither_needs_the_other(office: Office) -> None:
    """R1: type a link per teacher, or set the provider to Zoom."""
    slots = office.slots(office.folake, 2, kind="V")
    office.dora.post(office.path(f"t/{office.folake.id}/vr"), {"url": LINK, "was": ""})
    with office.arranged() as session:
        typed = make_appointment(session, slots[0], office.alice)
        follow(session, [typed.id or 0], now=office.now)
    by_hand = office.dora.get(office.path(f"a/{typed.id}")).text

    office.dora.post(office.path(f"t/{office.folake.id}/vr"), {"url": "", "was": LINK})
    save(office, provider="zoom")
    sync_links(office.app)
    by_zoom = office.dora.get(office.path(f"a/{typed.id}")).text

    assert LINK in by_hand
    assert office.zoom.standing()[0].id in by_zoom
    assert len(office.all(Appointment)) == 1
