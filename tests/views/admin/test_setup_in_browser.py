"""Mapping in a real browser: the dialog opens by itself when the mapping ended, and again when asked for."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from app import test_settings as settings_of
from chromium import SCREENS, assert_fine, opened, served
from conftest import KEY
from playwright.sync_api import Browser, Page, Route, expect
from zoom_office import LABEL, Office, open_office

from jobs.tasks import run_tasks
from webapp.db import Database

pytestmark = pytest.mark.browser


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    office = open_office(database, settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab"))
    office.add_teachers("a@linden.example", "b@linden.example", "c@linden.example", None)
    office.add_teachers(f"{'long-' * 12}address@{'long-' * 8}name.linden.example", first="Maximiliane " * 4)
    office.zoom.add_user("a@linden.example", is_basic=True)
    office.zoom.add_user("b@linden.example", status="pending")
    return office


@pytest.fixture(params=SCREENS, ids=str)
def page(browser: Browser, office: Office, request: pytest.FixtureRequest) -> Iterator[Page]:
    with served(office.app) as address, opened(browser, *request.param) as page:
        cookie = office.dora.client.get_cookie("confab")
        assert cookie is not None
        page.context.add_cookies([{"name": "confab", "value": cookie.value, "url": address}])
        page.route("https://consent.fake.example/**", lambda route: _consent(route, address))
        page.goto(f"{address}{office.page}")
        yield page


def _consent(route: Route, address: str) -> None:
    """The provider's page, where the administrator says yes at once."""
    state = parse_qs(urlsplit(route.request.url).query)["state"][0]
    back = f"{address}/zoom/callback?code=yes-{state}&state={state}"
    route.fulfill(status=302, headers={"Location": back})


def test_the_dialog_opens_when_the_mapping_ended_and_can_be_closed_and_reopened(page: Page, office: Office) -> None:
    """R11, R13, R15, R16"""
    dialog = page.get_by_role("dialog", name="1 teacher mapped, 4 not mapped")
    assert_fine(page)

    page.get_by_role("link", name=LABEL).click()
    expect(page.get_by_role("progressbar", name="Mapping contacts")).to_be_visible()
    assert_fine(page)
    run_tasks(office.app)

    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("heading")).to_be_focused()
    expect(dialog).to_contain_text("A paid one is required.")
    assert_fine(page)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    assert_fine(page)
    page.get_by_role("button", name="Show mapping").click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Show mapping")).to_be_focused()


@pytest.mark.parametrize("page", SCREENS[:1], ids=str, indirect=True)
def test_mapping_again_swaps_only_its_part_and_opens_the_dialog_anew(page: Page, office: Office) -> None:
    """R15, R17"""
    page.get_by_role("link", name=LABEL).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    run_tasks(office.app)
    page.get_by_role("button", name="Close").click()
    office.zoom.add_user("c@linden.example")
    page.evaluate("window.isTheSamePage = true")

    page.get_by_role("button", name=LABEL).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    run_tasks(office.app)

    expect(page.get_by_role("dialog", name="2 teachers mapped, 3 not mapped")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")
