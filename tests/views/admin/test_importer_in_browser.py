"""The Importer in a real browser: what files call their things fits on a phone, whatever its length."""

from pathlib import Path

import pytest
from app import test_settings as settings_of
from chromium import SCREENS, assert_fine, chromium, opened, served
from conftest import KEY
from importer_desk import STUDENTS, WITHOUT_ADDRESS, open_desk
from playwright.sync_api import expect

from webapp.db import Database

pytestmark = pytest.mark.browser

LONG = "Student_Export_Fall_2026_Linden_Park_School_District_final_final_really"


def test_long_names_fit_on_a_phone_and_a_refused_apply_leads_to_its_checkbox(
    database: Database, tmp_path: Path
) -> None:
    desk = open_desk(database, settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY))
    students = STUDENTS.replace("SecurityValue", f"SecurityValue|{LONG}").replace("Mia", LONG)
    address = desk.dry_run((f"{LONG}.txt", students), ("teachers.txt", WITHOUT_ADDRESS + f"T3|A|B|{LONG}|1\n"))
    cookie = desk.dora.client.get_cookie("confab")
    assert cookie is not None

    with chromium() as browser, served(desk.app) as here, opened(browser, *SCREENS[0], ignored=("422",)) as page:
        page.context.add_cookies([{"name": "confab", "value": cookie.value, "url": here}])
        page.goto(f"{here}{desk.page}")
        assert_fine(page)
        page.goto(f"{here}{address}")
        assert_fine(page)
        page.get_by_role("button", name="Apply this import").click()
        expect(page.get_by_role("checkbox", name="Leave out 2 rows")).to_be_focused()
        assert_fine(page)
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Apply this import").click()
        expect(page.get_by_role("heading", name="Imported")).to_be_visible()
