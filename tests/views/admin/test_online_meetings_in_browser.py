"""Online Meetings in a real browser: what refreshes by itself takes nothing out of anybody's hands."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from chromium import opened, served
from factories import make_host, make_resource, make_teacher
from online_office import Office, link, open_office, time_stands_at, virtual
from playwright.sync_api import Browser, Page, expect

from webapp.db import Database
from webapp.models import Appointment

pytestmark = pytest.mark.browser

A_WHILE = 60_000
"""Milliseconds after which each section has asked again."""


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def waiting(office: Office) -> list[Appointment]:
    """Two links on the way, and twelve teachers whom Zoom does not know, with two appointments each."""
    with office.arranged() as session:
        for n in range(12):
            teacher = make_teacher(session, office.school, "Hugh", f"Barlow{n:02}")
            make_host(session, teacher, state="not_found", remote_id="", remote_email="")
            resource = make_resource(session, office.event, teacher)
            for _ in range(2):
                virtual(session, resource, office.alice, now=office.now)
        return [virtual(session, office.resource, office.alice, now=office.now) for _ in range(2)]


@pytest.fixture
def page(browser: Browser, office: Office, waiting: list[Appointment]) -> Iterator[Page]:
    dora = office.dora()
    with served(office.app) as address, opened(browser, 1440, "light") as page:
        dora.get(office.path())
        cookie = dora.client.get_cookie("confab")
        assert cookie is not None
        page.context.add_cookies([{"name": "confab", "value": cookie.value, "url": address}])
        page.clock.install()
        page.goto(f"{address}{office.path()}")
        yield page


def change(office: Office, waiting: list[Appointment]) -> None:
    """One link comes, and an issue more: both sections are others from now on."""
    with office.arranged() as session:
        link(session, waiting[0])
        nina = make_teacher(session, office.school, "Nina", "Novak")
        make_host(session, nina, state="pending", remote_id="", remote_email="")
        virtual(session, make_resource(session, office.event, nina), office.alice, now=office.now)


def assert_refreshed(page: Page, waiting: list[Appointment]) -> None:
    page.clock.fast_forward(A_WHILE)
    expect(page.locator(f"#sync-{waiting[0].id}")).to_have_count(0)
    expect(page.locator("#om-issues")).to_contain_text("Nina Novak")


def test_focus_scroll_and_what_was_opened_stay_when_the_sections_refresh(
    page: Page, office: Office, waiting: list[Appointment]
) -> None:
    """R28: the row leaves without a reload."""
    row = page.locator("#om-issues li", has_text="Barlow07").first
    row.get_by_text("2 appointments").click()
    row.get_by_role("button", name="Retry").focus()
    before = page.evaluate("scrollY"), row.bounding_box()

    change(office, waiting)
    assert_refreshed(page, waiting)

    expect(row.get_by_role("button", name="Retry")).to_be_focused()
    expect(row.locator("details").first).to_have_attribute("open", "")
    box = row.bounding_box()
    assert before[0] > 0
    assert before[1] is not None
    assert box is not None
    assert abs(box["y"] - before[1]["y"]) < 900, "the row is still in sight"


def test_what_is_being_typed_stays_with_its_cursor(page: Page, office: Office, waiting: list[Appointment]) -> None:
    find = page.get_by_role("searchbox", name="Find a teacher")
    find.type("Adey")

    change(office, waiting)
    assert_refreshed(page, waiting)
    find.type("emi")

    expect(find).to_be_focused()
    expect(find).to_have_value("Adeyemi")


def test_paused_nothing_is_asked_until_it_goes_on(page: Page, office: Office, waiting: list[Appointment]) -> None:
    asked: list[str] = []
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    page.on("request", lambda request: asked.append(request.url))

    change(office, waiting)
    page.clock.fast_forward(A_WHILE)
    page.clock.fast_forward(A_WHILE)
    while_paused = list(asked)
    still = page.locator(f"#sync-{waiting[0].id}").count()
    pause.click()

    assert (while_paused, still) == ([], 1)
    assert_refreshed(page, waiting)
