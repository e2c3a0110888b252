"""Follow a teacher's calendar in a real browser against the demo: linked, set up, and kept to what families book."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from chromium import assert_fine, chromium, opened
from playground import Playground, playground
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TEACHER = "Folake Adeyemi"
CALENDAR = "Conferences"


class Term:
    """One playground, and a page each for the office, the teacher and a parent."""

    def __init__(self, ground: Playground, office: Page, teacher: Page, parent: Page) -> None:
        self.ground, self.office, self.teacher, self.parent = ground, office, teacher, parent

    def sign_in(self, page: Page, who: str) -> None:
        person = self.ground.people[who]
        page.goto(f"{self.ground.url}/sign-in")
        page.get_by_label("Email").fill(person["email"])
        page.get_by_label("Password").fill(person["password"])
        page.get_by_role("button", name="Sign In").click()
        expect(page.get_by_role("button", name="Log Out")).to_be_attached()

    def entries(self) -> list[dict[str, Any]]:
        """What stands on the teacher's calendar, by the stand-in's own account."""
        state = requests.get(f"{self.ground.google}/control/state", timeout=10).json()
        return [event for event in state["events"] if event["status"] != "cancelled"]

    def await_entries(self, is_right: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        for _ in range(60):
            if is_right(found := self.entries()):
                return found
            time.sleep(0.5)
        pytest.fail(f"after 30 seconds the calendar has {found}")


@contextmanager
def term(data_dir: Path) -> Iterator[Term]:
    # Chromium calls every 4xx an error; a refused consent is an answer that we mean to give.
    meant = ["status of 422"]
    with (
        playground(data_dir) as ground,
        chromium() as browser,
        opened(browser, 1440, "light", ignored=meant) as office,
        opened(browser, 390, "light", ignored=meant) as teacher,
        opened(browser, 390, "light", ignored=meant) as parent,
    ):
        for page in (office, teacher, parent):
            page.set_default_timeout(15_000)
        yield Term(ground, office, teacher, parent)


def test_a_teacher_s_calendar_from_the_first_sign_in_to_the_cancelled_conference(tmp_path: Path) -> None:
    """R33, R34, R103: the tick comes without a reload; what is booked, moved and cancelled is so on the calendar."""
    with term(tmp_path / "demo") as played:
        the_office_turns_zoom_on_and_watches(played)
        the_teacher_refuses_first_and_then_links(played)
        the_office_sees_the_tick_without_a_reload(played)
        a_booking_stands_on_the_calendar_with_its_link(played)
        what_is_moved_and_cancelled_follows(played)
        the_teacher_disconnects(played)


def the_office_turns_zoom_on_and_watches(played: Term) -> None:
    page = played.office
    played.sign_in(page, "admin")
    page.goto(played.ground.admin("setup/business"))
    page.get_by_role("link", name="Connect and Map Contacts").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.goto(played.ground.admin("events"))
    page.get_by_role("link", name="Fall Conferences").first.click()
    page.get_by_role("link", name="Settings / UI Setup").click()
    page.get_by_label("Online Meeting Provider").select_option("zoom")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("Saved").first).to_be_attached()
    page.clock.install()
    page.goto(played.ground.admin("online-meetings"))
    expect(row_of(page)).to_contain_text("Open: sign in on Calendar Sync")


def the_teacher_refuses_first_and_then_links(played: Term) -> None:
    page = played.teacher
    page.clock.install()
    played.sign_in(page, "teacher")
    page.get_by_role("link", name="Calendar Sync").click()
    assert_fine(page)
    page.get_by_role("link", name="Sign in to Google").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("Google was not linked: the permission was not given.")).to_be_visible()
    page.get_by_role("link", name="Sign in to Google").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Connected as f.adeyemi@lindenpark.example")).to_be_visible()
    assert_fine(page)
    page.get_by_label("Default calendar").select_option(label=CALENDAR)
    page.get_by_role("button", name="Save and Sync").click()
    expect(page.get_by_text("0 appointments on your calendar")).to_be_visible()
    assert_fine(page)


def the_office_sees_the_tick_without_a_reload(played: Term) -> None:
    """The section asks again every 20 seconds, which pass at once here."""
    page = played.office
    page.clock.fast_forward(21_000)
    expect(row_of(page)).to_contain_text(f"Google, {CALENDAR}")
    expect(row_of(page)).to_contain_text("Set up")


def a_booking_stands_on_the_calendar_with_its_link(played: Term) -> None:
    page = played.parent
    played.sign_in(page, "parent")
    page.goto(f"{played.ground.event_url}teachers")
    page.get_by_label(TEACHER).check()
    page.get_by_role("button", name="See times").click()
    fold = page.locator("details.fold", has_text=TEACHER)
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    fold.get_by_label("Online", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Book 1 appointment").click()
    join = page.get_by_role("link", name="Join meeting")
    expect(join).to_be_visible()
    link = join.get_attribute("href") or ""
    [entry] = played.await_entries(lambda found: len(found) == 1 and link in found[0]["said"]["description"])
    assert entry["said"]["location"] == link
    assert "Mia" not in str(entry)
    # No reload here: the part that tells how it stands asks by itself.
    played.teacher.clock.fast_forward(21_000)
    expect(played.teacher.get_by_text("1 appointment on your calendar")).to_be_visible()


def what_is_moved_and_cancelled_follows(played: Term) -> None:
    page, [before] = played.parent, played.entries()
    page.goto(f"{played.ground.event_url}mine")
    page.locator(".appt", has_text=TEACHER).get_by_role("link", name="Change").click()
    page.get_by_label("6:45 PM").first.check(force=True)
    page.get_by_role("button", name="Move").click()
    expect(page.locator(".appt", has_text=TEACHER)).to_contain_text("6:45")
    [after] = played.await_entries(lambda found: [e["said"]["start"] for e in found] != [before["said"]["start"]])
    assert after["id"] == before["id"]
    page.locator(".appt", has_text=TEACHER).get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel").click()
    played.await_entries(lambda found: found == [])


def the_teacher_disconnects(played: Term) -> None:
    page = played.teacher
    page.get_by_role("button", name="Disconnect").click()
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Google is disconnected. What stands on your calendar stays there.")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in to Google")).to_be_visible()


def row_of(page: Page) -> Any:
    return page.locator("#om-setup tr", has_text=TEACHER)
