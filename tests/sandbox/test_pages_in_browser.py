"""The pages of the stand-ins in a real browser: nothing for axe to find, nothing wider than the screen."""

from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlencode

import pytest
from chromium import SCREENS, assert_fine, opened
from google_desk import TEACHER, Desk
from playwright.sync_api import Browser, Page, expect
from sandbox_school import SPEC, School

from webapp.sandbox.run import RunningSandbox
from webapp.sandbox.zoom import seed

pytestmark = pytest.mark.browser


@pytest.fixture(params=SCREENS, ids=str)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    expected = ("the server responded with a status of 4", "Blocked script execution")
    with opened(browser, *request.param, ignored=expected) as page:
        yield page


@pytest.fixture
def school(running: RunningSandbox) -> School:
    seed(running.zoom, **SPEC)
    school = School(state=running.zoom).connect()
    running.zoom.public_url = running.zoom_url
    return school


def test_the_page_for_people_and_what_it_leads_to(page: Page, running: RunningSandbox, school: School) -> None:
    made = school.made("ben", topic="Conference with a family whose name is very very long " * 3)
    school.control("POST", "/answers", {"kind": "drop"})

    page.goto(running.zoom_url)
    assert_fine(page)
    page.get_by_label("Seconds, 0 to 60").fill("30")
    page.get_by_role("button", name="Set delay").click()
    expect(page.get_by_label("Seconds, 0 to 60")).to_have_value("30")
    page.get_by_role("link", name=f"Join {made['id']}").click()
    assert_fine(page)
    page.go_back()
    page.get_by_role("button", name=f"Delete meeting {made['id']}").click()
    expect(page.get_by_text("There is no meeting yet.")).to_be_visible()
    assert_fine(page)
    page.get_by_label("E-mail").fill("ada@school.example")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_role("alert")).to_contain_text("is a user already")
    assert_fine(page)


def test_consent_and_its_refusals(page: Page, running: RunningSandbox, school: School) -> None:
    back = f"{running.mailbox_url}/?from=consent"
    seed(running.zoom, app={"name": "Confab", "redirect_uris": [back]})
    query = "&".join(f"{name}={value}" for name, value in school.asking(redirect_uri="REDIRECT", state="abc").items())
    address = f"{running.zoom_url}/oauth/authorize?{query}".replace("REDIRECT", back.replace("?", "%3F"))

    page.goto(address)
    assert_fine(page)
    page.get_by_label("Ada Reyes").check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("alert")).to_contain_text("not an administrator")
    assert_fine(page)
    page.get_by_label("Dora Quill").check()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/?from=consent&code=*&state=abc")
    page.goto(address)
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url("**/?from=consent&error=access_denied&state=abc")
    page.goto(f"{running.zoom_url}/oauth/authorize?client_id=nobody")
    assert_fine(page)


def test_the_mailbox(page: Page, running: RunningSandbox) -> None:
    page.goto(running.mailbox_url)
    assert_fine(page)
    running.mailbox.add("office@school.example", ("alice@family.example",), _letter(running.mailbox_url).as_bytes())

    page.reload()
    assert_fine(page)
    page.get_by_role("link", name="Your appointments").click()
    assert_fine(page)
    expect(page.frame_locator("iframe").get_by_text("in colour")).to_have_css("color", "rgb(0, 100, 0)")
    page.get_by_role("link", name=f"{running.mailbox_url}/?to=alice").click()
    page.wait_for_url("**/?to=alice")


def _letter(site: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["To"] = "Your appointments", "alice@family.example"
    message.set_content(f"Look: {site}/?to=alice")
    message.add_alternative("<p style='color: #006400'>in colour</p><script>alert(1)</script>", subtype="html")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="plan.pdf")
    return message


def test_the_pages_of_google_and_what_a_teacher_does_there(page: Page, running: RunningSandbox) -> None:
    desk = Desk(state=running.google).connect()
    names = {"summary": "Conference with a family whose name is very very long " * 3, "location": "Room 12"}
    desk.add("2026-12-03T16:00:00", "2026-12-03T16:15:00", extendedProperties={"private": {"confab": "k"}}, **names)

    page.goto(running.google_url)
    assert_fine(page)
    page.get_by_role("link", name=TEACHER).click()
    assert_fine(page)
    page.get_by_role("button", name="Add event").click()
    expect(page.get_by_role("rowheader", name="Dentist")).to_be_visible()
    page.get_by_role("button", name="Delete Dentist").click()
    expect(page.get_by_role("rowheader", name="Dentist")).to_have_count(0)
    page.goto(f"{running.google_url}/o/oauth2/v2/auth?{urlencode(desk.asking())}")
    assert_fine(page)
