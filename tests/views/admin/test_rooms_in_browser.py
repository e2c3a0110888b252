"""Editing in place and the Slots dialogs in a real browser: keys, focus, and what axe finds."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from chromium import SCREENS, assert_fine, opened, served
from event_office import Office, open_office
from online_office import time_stands_at
from playwright.sync_api import Browser, Locator, Page, expect

from webapp.db import Database
from webapp.models import Slot

pytestmark = pytest.mark.browser

LINK = "https://meet.linden.example/adeyemi"
EXPLAINED = "Failed to load resource: the server responded with a status of 422 (UNPROCESSABLE ENTITY)"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        opened_office = open_office(database, now)
        opened_office.slots(opened_office.folake, 12, kind="V")
        opened_office.booked(opened_office.slots(opened_office.hugh, 12, kind="PV")[3])
        yield opened_office


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    with served(office.app) as address:
        yield address


@pytest.fixture(params=SCREENS[3:], ids=str)
def page(browser: Browser, office: Office, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    with opened(browser, *request.param) as page:
        sign_in(page, office, address)
        page.goto(f"{address}{office.path()}")
        yield page


def sign_in(page: Page, office: Office, address: str) -> None:
    cookie = office.dora.client.get_cookie("confab")
    assert cookie is not None
    page.context.add_cookies([{"name": "confab", "value": cookie.value, "url": address}])


def cell(page: Page, office: Office, column: str = "vr") -> Locator:
    return page.locator(f"#{column}-{office.folake.id}")


def stored(office: Office) -> str:
    return office.again(office.folake).virtual_room


def test_double_click_type_enter_swaps_only_the_cell(page: Page, office: Office) -> None:
    """R48"""
    page.evaluate("document.querySelector('#h-day').dataset.untouched = 'yes'")

    cell(page, office).dblclick()
    field = page.get_by_label("Virtual Room link, Folake Adeyemi")
    expect(field).to_be_focused()
    field.fill(LINK.replace("https", "http"))
    field.press("Enter")

    expect(cell(page, office)).to_contain_text("Saved as https")
    expect(cell(page, office).locator("[data-edit-open]")).to_be_focused()
    expect(page.locator("#say")).to_contain_text("Saved as https, Virtual Room of Folake Adeyemi")
    expect(page.locator("#h-day[data-untouched]")).to_have_count(1)
    assert stored(office) == LINK


def test_f2_opens_and_escape_restores(page: Page, office: Office) -> None:
    """R48"""
    cell(page, office).locator("[data-edit-open]").focus()

    page.keyboard.press("F2")
    field = page.get_by_label("Virtual Room link, Folake Adeyemi")
    expect(field).to_be_focused()
    field.fill("https://meet.linden.example/other")
    page.keyboard.press("Escape")

    expect(field).to_have_count(0)
    expect(cell(page, office)).to_contain_text("No link")
    expect(cell(page, office).locator("[data-edit-open]")).to_be_focused()
    assert stored(office) == ""


def test_leaving_the_cell_saves_and_does_not_pull_focus_back(page: Page, office: Office) -> None:
    """R48"""
    cell(page, office).locator("[data-edit-open]").click()
    page.get_by_label("Virtual Room link, Folake Adeyemi").fill(LINK)

    page.locator("summary").first.focus()

    expect(cell(page, office)).to_contain_text("Saved")
    expect(page.locator("#say")).to_have_text("Saved, Virtual Room of Folake Adeyemi")
    expect(page.locator("summary").first).to_be_focused()
    assert stored(office) == LINK


def test_leaving_the_room_saves_it_too(page: Page, office: Office) -> None:
    """R48, Room likewise"""
    cell(page, office, "room").dblclick()
    page.get_by_label("Room, Folake Adeyemi", exact=True).fill("Lab 2")

    page.locator("summary").first.focus()

    expect(cell(page, office, "room")).to_contain_text("Lab 2")
    expect(page.locator("#say")).to_have_text("Saved, Room of Folake Adeyemi")


def test_leaving_unchanged_saves_nothing(page: Page, office: Office) -> None:
    cell(page, office).dblclick()
    field = page.get_by_label("Virtual Room link, Folake Adeyemi")
    expect(field).to_be_focused()

    page.locator("summary").first.focus()
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    expect(field).to_be_visible()
    expect(page.locator("#say")).to_have_text("")


def test_a_refusal_stands_in_the_cell_with_the_text_and_the_focus(
    browser: Browser, office: Office, address: str
) -> None:
    """R48: the browser itself notes the 422 on its console, which is all that it may complain of."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    sign_in(page, office, address)
    page.goto(f"{address}{office.path()}")

    cell(page, office).dblclick()
    field = page.get_by_label("Virtual Room link, Folake Adeyemi")
    field.fill("javascript:alert(1)")
    field.press("Enter")

    expect(cell(page, office).locator(".error")).to_contain_text("Not saved. Only links that start with https://")
    expect(field).to_have_value("javascript:alert(1)")
    expect(field).to_be_focused()
    expect(page.locator("#say")).to_contain_text("Not saved.")
    assert_fine(page)
    assert complaints == [EXPLAINED]
    assert stored(office) == ""
    page.close()


def test_two_tabs_at_one_cell_show_both_values(browser: Browser, office: Office, address: str) -> None:
    """ROOM-024, R48"""
    first, second = browser.new_page(), browser.new_page()
    for tab in (first, second):
        sign_in(tab, office, address)
        tab.goto(f"{address}{office.path()}")
        cell(tab, office).dblclick()
        tab.get_by_label("Virtual Room link, Folake Adeyemi").fill(LINK if tab is first else LINK + "/2")

    first.keyboard.press("Enter")
    expect(cell(first, office)).to_contain_text("Saved")
    second.keyboard.press("Enter")

    expect(cell(second, office)).to_contain_text(f"Dora Whitlock saved “{LINK}” meanwhile")
    expect(second.get_by_label("Virtual Room link, Folake Adeyemi")).to_have_value(LINK + "/2")
    assert stored(office) == LINK
    for tab in (first, second):
        tab.close()


@pytest.mark.parametrize("page", SCREENS, ids=str, indirect=True)
def test_the_board_its_editors_and_its_dialogs_are_fine(page: Page, office: Office) -> None:
    assert_fine(page)
    cell(page, office, "room").locator("[data-edit-open]").click()
    expect(page.get_by_label("Room, Folake Adeyemi", exact=True)).to_be_focused()
    assert_fine(page)
    page.keyboard.press("Escape")

    for item in ("Create Slots", "Update Slots", "Delete Time Slots"):
        page.locator("summary", has_text="Slots").click()
        page.get_by_role("link", name=item).click()
        expect(page.get_by_role("dialog", name=item)).to_be_visible()
        assert_fine(page)
        page.keyboard.press("Escape")
        expect(page.locator("summary", has_text="Slots")).to_be_focused()


def test_the_dialog_counts_as_one_types_and_then_does_it(page: Page, office: Office) -> None:
    """R75: Slots > Create Slots, the button names verb and count; focus and text stay while it counts."""
    page.locator("summary", has_text="Slots").click()
    page.get_by_role("link", name="Create Slots").click()
    dialog = page.get_by_role("dialog", name="Create Slots")
    dialog.get_by_label("Date", exact=True).fill("2026-12-07")
    expect(dialog.get_by_role("button", name="Create 24 slots")).to_be_visible()

    dialog.get_by_label("Teachers").select_option("Selected teachers")
    dialog.get_by_label("Hugh Barlow").check()
    dialog.get_by_label("Duration, minutes").fill("30")
    expect(dialog.get_by_role("button", name="Create 6 slots")).to_be_visible()
    expect(dialog.get_by_label("Duration, minutes")).to_be_focused()
    dialog.get_by_role("button", name="Create 6 slots").click()

    expect(page.get_by_role("status").filter(has_text="Created 6 slots, 0 were already there")).to_be_visible()
    expect(page.get_by_role("heading", name="Monday, December 7")).to_be_visible()
    made = [slot for slot in office.all(Slot) if slot.wall_start.startswith("2026-12-07")]
    assert {(slot.resource_id, slot.minutes) for slot in made} == {(office.hugh.id, 30)}


def test_cancel_closes_the_dialog_and_a_refused_form_stays_in_it(
    browser: Browser, office: Office, address: str
) -> None:
    page = browser.new_page()
    sign_in(page, office, address)
    page.goto(f"{address}{office.path()}")
    page.locator("summary", has_text="Slots").click()
    page.get_by_role("link", name="Create Slots").click()
    dialog = page.get_by_role("dialog", name="Create Slots")

    dialog.get_by_label("To", exact=True).fill("15:00")
    expect(dialog.locator("#slots-foot .error")).to_contain_text("The range ends before it starts")
    dialog.get_by_role("button", name="Create slots").click()
    expect(dialog.locator("#slots-to-err")).to_contain_text("The range ends before it starts")
    expect(dialog.get_by_label("To", exact=True)).to_have_value("15:00")
    assert_fine(page)
    dialog.get_by_role("link", name="Cancel").click()

    expect(dialog).to_be_hidden()
    assert page.url == f"{address}{office.path()}"
    page.close()


def test_cancelling_an_appointment_asks_first(page: Page, office: Office) -> None:
    """R100"""
    page.locator("a.slot:not(.free)").click()
    page.get_by_role("button", name="Cancel Appointment").click()
    dialog = page.get_by_role("dialog", name="Confirm")
    expect(dialog).to_contain_text("Cancel the appointment of Thu, Dec 3, 4:45 PM with Hugh Barlow?")
    assert_fine(page)
    dialog.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("status").filter(has_text="Appointment cancelled.")).to_be_visible()
    expect(page.locator("a.slot:not(.free)")).to_have_count(0)


def test_arrow_keys_move_within_the_calendar(page: Page, office: Office) -> None:
    page.locator(".cal a[aria-current]").focus()

    page.keyboard.press("ArrowRight")
    expect(page.locator(".cal td a:focus")).to_contain_text("Friday, December 4")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".cal td a:focus")).to_contain_text("Friday, December 11")
