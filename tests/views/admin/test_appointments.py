"""The Appointments tab: the day, the calendar, the columns, what is a link and what only shows."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from event_office import FRIDAY, THURSDAY, Office, headings, open_office, words
from factories import EVENING, make_resource, make_slot
from online_office import time_stands_at
from statements import statements

from webapp.db import Database
from webapp.models import Resource, Slot

HOUR = timedelta(hours=1)


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def day(office: Office, query: str = "") -> str:
    answer = office.dora.get(office.path(query))
    assert answer.status_code == 200
    html: str = answer.text
    return html


def test_the_tab_opens_with_the_next_day_that_has_slots(office: Office) -> None:
    office.slots(office.folake, 4, kind="PV")
    office.slots(office.folake, 1, day=1)
    office.slots(office.folake, 1, day=-20)

    page = day(office)

    assert "Thursday, December 3 2 teachers" in words(page)
    assert f'<a href="{office.path("?date=2026-12-03")}" aria-current="date">Thu, Dec 3</a>' in page
    assert f'<a href="{office.path("?date=2026-12-04")}">Fri, Dec 4</a>' in page
    assert page.count('class="slot free"') == 4 + 1  # one of them in the key
    assert "4:00 PM, Folake Adeyemi: free, In-Person or Virtual" in words(page)


def test_an_event_without_slots_offers_to_create_some(office: Office) -> None:
    page = day(office)

    assert "No slots on this day." in page
    assert page.count(f'hx-get="{office.path("slots/create/form")}?date=2026-11-23"') == 2


def test_draw_time_every_of_vendor_ui_setup_draws_the_grid(office: Office) -> None:
    """PRODUCT 2.4, 2.6"""
    office.slots(office.folake, 4)

    by_itself = day(office).count('<col class="c-s">')
    office.set(draw_minutes=5)

    assert (by_itself, day(office).count('<col class="c-s">')) == (4, 12)


def test_the_slots_menu_works_as_links_too(office: Office) -> None:
    """R75: Slots > Update Slots; each item is a page where there is no JavaScript."""
    page = day(office, f"?date={FRIDAY}")

    menus = [part.partition("</details>")[0] for part in page.split('<details class="menu">')[1:]]
    [menu] = [menu for menu in menus if words(menu).startswith("Slots")]
    assert words(menu) == "Slots Create Slots Delete Time Slots Update Slots Copy Slots Move Slots"
    for deed in ("create", "update", "copy", "move", "delete"):
        assert f'href="{office.path(f"slots/{deed}")}?date=2026-12-04"' in menu
        assert office.dora.get(office.path(f"slots/{deed}?date=2026-12-04")).status_code == 200


def test_the_calendar_is_links_with_one_tab_stop(office: Office) -> None:
    office.slots(office.folake, 3)

    page = day(office, f"?date={THURSDAY}")
    january = day(office, f"?date={THURSDAY}&month=2027-01")

    calendar = page.partition('<div class="cal"')[2].partition("</table>")[0]
    days = re.findall(r"<td><a[^>]*>", calendar)
    assert [link for link in days if 'tabindex="-1"' not in link] == [link for link in days if "aria-current" in link]
    assert "Thursday, December 3, 3 slots" in calendar
    assert "January 2027" in words(january.partition('<div class="cal"')[2])
    stops = [a for a in re.findall(r"<td><a[^>]*>", january) if 'tabindex="-1"' not in a]
    assert len(stops) == 1
    assert "2027-01-01" in stops[0]


@pytest.mark.parametrize("query", ["?date=never", "?month=2026-13", "?page=minus", "?page=99", "?date=2026-W49"])
def test_an_address_that_makes_no_sense_still_shows_a_day(office: Office, query: str) -> None:
    office.slots(office.folake, 1)

    assert office.dora.get(office.path(query)).status_code == 200


@pytest.mark.both_databases
@pytest.mark.parametrize("number", ["-99999999999999999999", "-1", "0", "2147483648", "99999999999999999999", "x"])
def test_a_number_that_no_appointment_can_have_selects_none(office: Office, number: str) -> None:
    office.slots(office.folake, 1)

    assert office.dora.get(office.path(f"?date={THURSDAY}&a={number}")).status_code == 200


@pytest.mark.parametrize("query", ["?date=0001-01-01", "?date=9999-12-31", f"?date={THURSDAY}&month=9999-12"])
def test_absurd_days_are_not_found(office: Office, query: str) -> None:
    assert office.dora.get(office.path(query)).status_code == 404


def test_the_virtual_room_column_is_there_exactly_with_virtual_slots(office: Office) -> None:
    """R46: with one V or PV slot on whichever day."""
    office.slots(office.folake, 2)
    before = day(office)
    [virtual] = office.slots(office.hugh, 1, kind="PV", day=1)
    during = day(office)
    with office.arranged() as session:
        session.delete(session.get_one(Slot, virtual.id))
    after = day(office)

    assert headings(before) == headings(after) == ["Teacher", "Room", "In-Person slots only", "Booked"]
    assert headings(during) == ["Teacher", "Room", "Virtual Room", "Booked"]
    assert 'id="vr-' not in before.replace('id="vr-hint"', "")
    assert f'id="vr-{office.folake.id}"' in during


def test_where_the_column_would_be_a_hint_leads_to_update_slots(office: Office) -> None:
    """R81, and R44: first the type has to be offered."""
    office.slots(office.folake, 2)
    first = day(office)
    office.set(shows_appointment_type=True)
    second = day(office)

    for page in (first, second):
        hint = page.partition('id="vr-hint"')[2].partition("</td>")[0]
        assert f'href="{office.path("slots/update")}?date=2026-12-03"' in hint
        assert ("/settings/vendor-ui-setup" in hint) == (page is first)


def test_while_zoom_is_on_the_header_says_that_typed_links_are_not_shown(office: Office) -> None:
    """R22, R82, R85"""
    office.slots(office.folake, 1, kind="V")
    without = day(office)
    office.set(provider="zoom")
    with_zoom = day(office)

    assert "Virtual Room" in headings(without)
    assert "Virtual Room Not shown to parents" in headings(with_zoom)
    assert "Zoom is on for this event" in words(with_zoom)


def test_booked_and_free_slots_are_links_and_others_only_show(office: Office) -> None:
    free, booked, online, off = office.slots(office.folake, 4)
    mine = office.booked(booked, child_name="Mia Alvarez")
    office.booked(online, is_virtual=True)
    with office.arranged() as session:
        session.get_one(Slot, off.id).visibility = "unavailable"

    page = day(office)

    table = page.partition("<tbody data-rove")[2].partition("</tbody>")[0]
    assert f'<a class="slot " tabindex="-1" href="{office.path(f"a/{mine.id}")}"' in table
    assert "4:15 PM, Folake Adeyemi: Mia A. , in person" in words(table)
    assert "4:30 PM, Folake Adeyemi: Mia A. , online, no link yet" in words(table)
    assert table.count('<a class="slot') == 3
    assert table.count('<a class="slot free"') == 1
    assert table.count('<span class="slot off"') == 1
    assert free.id


def test_a_slot_with_room_for_several_lists_who_is_there(office: Office) -> None:
    [slot] = office.slots(office.folake, 1, capacity=3)
    first = office.booked(slot, child_name="Mia Alvarez")
    second = office.booked(slot, seat=2, child_name="Leo Alvarez")

    page = day(office)
    listed = office.dora.get(office.path(f"slot/{slot.id}")).text

    assert f'href="{office.path(f"slot/{slot.id}")}"' in page
    assert "2 of 3" in words(page)
    for appointment in (first, second):
        assert f'href="{office.path(f"a/{appointment.id}")}"' in listed
    assert "Leo Alvarez" in listed


def test_what_has_no_place_in_the_table_is_listed_below_it(office: Office) -> None:
    removed, _ = office.slots(office.folake, 2)
    red = office.booked(removed, problem="slot_removed", child_name="Mia Alvarez")
    with office.arranged() as session:
        session.get_one(Slot, removed.id).removed_at = office.now

    page = day(office)

    stray = page.partition('aria-labelledby="h-stray"')[2].partition("</section>")[0]
    assert "4:00 PM Folake Adeyemi Mia A. its slot was deleted: move, cancel or confirm it" in words(stray)
    assert f'href="{office.path(f"a/{red.id}")}"' in stray


def sixty_more(office: Office) -> list[Resource]:
    with office.arranged() as session:
        more = [make_resource(session, office.event, name=f"Teacher {n:02}", position=1_000_000) for n in range(60)]
        for resource in more:
            make_slot(session, resource)
        return more


def test_more_teachers_than_fit_are_paged(office: Office) -> None:
    sixty_more(office)

    first, second = day(office), day(office, "?page=2")

    assert "1–60 of 62" in words(first)
    assert "page=2" in first
    assert "Previous" not in words(first)
    assert "61–62 of 62" in words(second)
    assert "Teacher 59" in second


def test_who_is_led_to_a_teacher_finds_the_page_with_their_row(office: Office) -> None:
    """R29, R81: a button to the cell."""
    last = sixty_more(office)[-1]
    with office.arranged() as session:
        make_slot(session, session.merge(last), kind="V", at=EVENING + HOUR)

    page = day(office, f"?teacher={last.id}")
    others = [day(office, f"?teacher={number}") for number in (office.folake.id, 0, "9" * 30, "x")]

    assert "61–62 of 62" in words(page)
    assert f'id="vr-{last.id}"' in page
    assert all("1–60 of 62" in words(other) for other in others)


def test_another_day_and_a_red_appointment_stay_with_the_teachers_who_are_shown(office: Office) -> None:
    last = sixty_more(office)[-1]
    with office.arranged() as session:
        slot = make_slot(session, session.merge(last), at=EVENING + HOUR)
    red = office.booked(slot, problem="no_gap")
    office.slots(office.folake, 1, day=1)

    first, second = day(office), day(office, "?page=2")

    linked = [link for link in re.findall(r'href="([^"]*)"', second) if f"{office.path()}?" in link]
    assert [link for link in linked if "page=2" not in link] == [office.path("?date=2026-12-03&amp;page=1")]
    assert f"{office.path('?date=2026-12-03&amp;page=2&amp;a=')}{red.id}#reason" in linked
    assert first.count("page=") == 1


def test_the_page_of_a_teacher_costs_one_question_more_however_many_there_are(office: Office) -> None:
    def asked(query: str) -> int:
        with statements(office.app) as sent:
            day(office, query)
        return len(sent)

    one = asked(f"?teacher={office.hugh.id}")
    last = sixty_more(office)[-1]

    assert asked(f"?teacher={last.id}") == one == asked("?page=2") + 1
