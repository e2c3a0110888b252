"""What only a browser can tell of the office's forms: what Enter presses, what a search leaves, what is said where no
answer came."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from chromium import opened, served
from event_office import Office, open_office
from factories import make_contact, make_guardian, make_student
from online_office import time_stands_at
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import update

from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Level, MessageText, Service, SignIn

pytestmark = pytest.mark.browser

EXPECTED = ["net::ERR_FAILED", "status of 403", "htmx:sendError", "htmx:afterRequest"]
UNKNOWN = "We could not find out whether this was saved. Look before you try again."


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def page(browser: Browser, office: Office) -> Iterator[Page]:
    with served(office.app) as address, opened(browser, 1440, "light", ignored=EXPECTED) as page:
        cookie = office.dora.client.get_cookie("confab")
        assert cookie is not None
        page.context.add_cookies([{"name": "confab", "value": cookie.value, "url": address}])
        page.goto(address + office.path())
        yield page


def go(page: Page, path: str) -> None:
    page.goto("/".join(page.url.split("/")[:3]) + path)


def texts(office: Office) -> list[tuple[str, bool]]:
    return [(row.subject, row.is_on) for row in office.all(MessageText)]


def test_enter_saves_a_mail_s_text_and_the_original_comes_back_only_when_asked_for(page: Page, office: Office) -> None:
    """MACRO-028: what was typed is not put away by the key that everybody presses."""
    go(page, office.path("settings/notifications/cancellation"))
    page.get_by_label("Send Email").uncheck()
    for words in ("First words", "Second words"):
        page.get_by_label("Subject").fill(words)
        page.get_by_label("Subject").press("Enter")
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert texts(office) == [("First words", False), ("Second words", False)]

    page.get_by_role("button", name="Back to the original text").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Subject")).to_have_value("Second words")
    page.get_by_role("button", name="Back to the original text").click()
    page.get_by_role("dialog").get_by_role("button").last.click()

    expect(page.get_by_text("The original text is back.")).to_be_visible()
    expect(page.get_by_label("Send Email")).not_to_be_checked()


def test_enter_in_sort_teachers_keeps_the_order_by_hand(page: Page, office: Office) -> None:
    go(page, office.path("teachers/sort"))
    last = page.get_by_role("spinbutton").last
    name = page.get_by_role("rowheader").last.inner_text()

    last.fill("0.5")
    last.press("Enter")

    expect(page.get_by_text("Teachers sorted.")).to_be_visible()
    expect(page.get_by_role("rowheader").first).to_have_text(name)


def test_a_search_for_the_family_leaves_the_chosen_time_and_type(page: Page, office: Office) -> None:
    """PRODUCT 3.7: what the desk chose is what is booked, however often it searches."""
    slots = office.slots(office.folake, 3, kind="PV")
    with office.arranged() as session:
        make_guardian(session, office.alice, make_student(session, office.school))
    go(page, office.path(f"t/{office.folake.id}/make"))
    page.get_by_label("Time").select_option(slots[2].token)
    page.get_by_role("radio", name="Virtual").check()

    for words, found in (("alva", 1), ("alvarez", 2)):
        page.get_by_label("Time").select_option(slots[found].token)
        page.get_by_role("searchbox").fill(words)
        with page.expect_response(lambda answer: answer.url.endswith("/find")):
            page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_label("Time")).to_have_value(slots[found].token)
    page.get_by_label("Mia Alvarez").check()
    page.get_by_role("button", name="Make Appointment").click()

    expect(page.get_by_text("Appointment made.")).to_be_visible()
    assert [(one.slot_id, one.is_virtual) for one in office.all(Appointment)] == [(slots[2].id, True)]


def test_another_address_of_the_staff_s_asks_who_it_is_and_then_goes_through(page: Page, office: Office) -> None:
    """RELIABILITY T8: the question is seen, and what was typed is not lost over it."""
    with office.arranged() as session:
        grace = make_contact(session, office.school, "Grace", level=Level.ADMINISTRATOR, email="grace@linden.example")
        session.execute(update(SignIn).values(proved_at=None))
    go(page, f"{office.base}/contacts/{grace.id}")

    page.get_by_label("Email").last.fill("grace.other@linden.example")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Confirm that it is you").first).to_be_visible()
    with office.arranged() as session:
        session.execute(update(SignIn).values(proved_at=clock.now()))
    page.reload()
    expect(page.get_by_label("Email").last).to_have_value("grace.other@linden.example")


def test_of_a_deed_whose_answer_is_lost_nobody_says_that_nothing_was_changed(page: Page, office: Office) -> None:
    """RELIABILITY 2.2: it may have been carried out. Asked twice, it is still said once."""
    office.slots(office.folake, 1, kind="V")
    go(page, office.path())

    def lose(route: Route) -> None:
        route.abort() if route.request.method == "POST" else route.continue_()

    page.route("**/*", lose)
    page.locator(f"#vr-{office.folake.id}").dblclick()
    field = page.get_by_label("Virtual Room link, Folake Adeyemi")
    expect(field).to_be_focused()
    for _ in range(2):
        field.press("Enter")
        expect(page.locator("#toasts")).to_have_text(UNKNOWN)


def test_a_double_click_on_what_can_be_done_once_is_answered_as_one_click(page: Page, office: Office) -> None:
    with office.arranged() as session:
        service = Service(event_id=office.event.id, school_id=office.school.id, name="Speech therapy")
        session.add(service)
        session.flush()
        number = service.id
    go(page, office.path(f"settings/services/{number}/remove"))

    page.get_by_role("button", name="Remove service").dblclick()

    expect(page.get_by_text("Service removed. What is booked for it keeps its text.")).to_be_visible()
    assert office.all(Service) == []
