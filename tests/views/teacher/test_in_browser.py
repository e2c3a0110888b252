"""Calendar Sync on a phone: whatever stands there, nothing is wider than the screen, and axe finds nothing."""

from datetime import timedelta

import pytest
from calendar_desk import open_desk
from chromium import SCREENS, assert_fine, chromium, opened, served
from factories import make_busy, make_calendar_link

from webapp import clock
from webapp.db import Database

pytestmark = pytest.mark.browser

LONG = "conferences.of.the.whole.lower.school@linden.example"


def test_busy_times_troubles_and_questions_fit_the_screen(database: Database) -> None:
    """R35, R88"""
    desk = open_desk(database)
    now = clock.now()
    chosen = {"calendar_id": "school", "is_import": True, "saved_at": now, "synced_at": now}
    trouble = {"problem": "The calendar asks us to go slower.", "problem_code": "rate"}
    with desk.arranged() as session:
        make_calendar_link(session, desk.teacher, **chosen, **trouble, calendar_name=LONG)
        make_busy(session, desk.teacher, now + timedelta(days=1), calendar_name=LONG)
        unconfirmed = {"account_email": "petra.vogel.of.the.lower.school@mail.example"}
        make_calendar_link(session, desk.teacher, provider="microsoft", **unconfirmed)
    cookie = desk.petra.client.get_cookie("confab")
    assert cookie is not None

    with served(desk.app) as address, chromium() as browser:
        for width, scheme in SCREENS:
            with opened(browser, width, scheme) as page:
                page.context.add_cookies([{"name": "confab", "value": cookie.value, "url": address}])
                page.goto(f"{address}{desk.page}")

                assert LONG in page.content()
                assert_fine(page)
