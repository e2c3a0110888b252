"""Play a whole school evening, from the roster to the cancelled meeting, in a real browser against the demo."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chromium import assert_fine, chromium, opened
from playground import Playground, playground
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NEW_TEACHER = "TeacherID\tFirst\tLast\tEmail\tRoom\nT77\tAmara\tOkafor\ta.okafor@lindenpark.example\t118\n"
NO_EMAIL = "T78\tNo\tMail\t\t119\n"


class Evening:
    """One playground, one browser, one width of window; the office and a parent each have a page of their own."""

    def __init__(self, ground: Playground, office: Page, parent: Page) -> None:
        self.ground, self.office, self.parent = ground, office, parent
        self.last_mail: Any = None

    def look(self, page: Page) -> None:
        """axe finds nothing, in light and dark."""
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert_fine(page)
        page.emulate_media(color_scheme="light")

    def go(self, path: str) -> Page:
        self.office.goto(self.ground.admin(path))
        return self.office

    def sign_in(self, page: Page, who: str) -> None:
        person = self.ground.people[who]
        page.goto(f"{self.ground.url}/sign-in")
        page.get_by_label("Email").fill(person["email"])
        page.get_by_label("Password").fill(person["password"])
        page.get_by_role("button", name="Sign In").click()


@contextmanager
def evening(width: int, data_dir: Path) -> Iterator[Evening]:
    # Chromium calls every 4xx an error; a refused form is an answer that we mean to give.
    meant = ["status of 422"]
    with (
        playground(data_dir) as ground,
        chromium() as browser,
        opened(browser, width, "light", ignored=meant) as office,
        opened(browser, width, "light", ignored=meant) as parent,
    ):
        office.set_default_timeout(15_000)
        parent.set_default_timeout(15_000)
        yield Evening(ground, office, parent)


@pytest.mark.parametrize("width", [390, 1440])
def test_an_evening_from_the_roster_to_the_cancelled_meeting(width: int, tmp_path: Path) -> None:
    """R1, R4, R19, R25, R28, R44, R45, R46, R47, R48, R76, R77, R100: the whole road works in a browser."""
    with evening(width, tmp_path / "demo") as played:
        the_administrator_signs_in(played)
        the_office_imports_a_teacher(played, tmp_path)
        event = the_office_adds_an_event_with_virtual_slots(played)
        the_office_types_a_virtual_room(played, event)
        the_office_connects_zoom_and_maps(played)
        the_office_chooses_zoom_for_the_fall_event(played)
        the_parent_signs_in_by_code(played)
        the_parent_books_and_the_link_appears(played)
        the_confirmation_mail_has_the_link(played)
        the_parent_books_the_teacher_whom_zoom_does_not_know(played)
        online_meetings_shows_what_is_wrong(played)
        the_office_logs_in_as_the_teacher_and_returns(played)
        the_teacher_sees_only_their_own(played)
        the_parent_moves_and_cancels(played)


def the_administrator_signs_in(played: Evening) -> None:
    played.office.goto(f"{played.ground.url}/sign-in")
    played.look(played.office)
    played.sign_in(played.office, "admin")
    expect(played.office.get_by_role("heading", name="Reports", level=1)).to_be_visible()
    played.look(played.office)


def the_office_imports_a_teacher(played: Evening, tmp_path: Path) -> None:
    page = played.go("importer")
    played.look(page)
    roster = tmp_path / "teachers.txt"
    roster.write_text(NEW_TEACHER + NO_EMAIL)
    page.get_by_label("Roster files").set_input_files(roster)
    page.get_by_role("button", name="Check the files").click()
    expect(page.get_by_text("There is no e-mail address")).to_be_visible()
    played.look(page)
    page.get_by_label("Leave out 1 row, listed below").check()
    page.get_by_role("button", name="Apply this import").click()
    expect(page.get_by_role("heading", name="Imported", level=1)).to_be_visible()


def the_office_adds_an_event_with_virtual_slots(played: Evening) -> str:
    page = played.go("events")
    played.look(page)
    page.get_by_role("link", name="Add an event").click()
    played.look(page)
    page.get_by_label("Name", exact=True).fill("Spring Conferences")
    page.get_by_label("Type").select_option("simple_pta")
    page.get_by_role("button", name="Add event").click()
    expect(page.get_by_role("heading", name="Spring Conferences", level=1)).to_be_visible()
    event = page.url.split("/e/")[1].split("/")[0]
    expect(page.get_by_text("Amara Okafor").first).to_be_attached()
    page.get_by_role("link", name="Settings / Vendor UI Setup").click()
    page.get_by_label('Show the "Appointment type" dropdown').check()
    page.get_by_role("button", name="Save").click()
    played.look(page)
    _create_in_person_slots(played, event)
    _make_them_virtual(played, event)
    return event


def _create_in_person_slots(played: Evening, event: str) -> None:
    page = played.go(f"e/{event}/")
    _open(page, "Create Slots")
    played.look(page)
    dialog = page.locator("#slots-form")
    dialog.get_by_label("Date", exact=True).first.fill(_in_a_month())
    dialog.get_by_label("From").fill("16:00")
    dialog.get_by_label("To", exact=True).fill("17:00")
    dialog.get_by_label("Duration").fill("15")
    _press(page, "Create 52 slots")


def _make_them_virtual(played: Evening, event: str) -> None:
    page = played.go(f"e/{event}/?date={_in_a_month()}")
    _open(page, "Update Slots")
    page.locator("#slots-form").get_by_label("Appointment type").select_option("V")
    _press(page, "Update 52 slots")
    expect(page.get_by_role("columnheader", name="Virtual Room")).to_be_attached()
    played.look(page)


def the_office_types_a_virtual_room(played: Evening, event: str) -> None:
    page = played.go(f"e/{event}/?date={_in_a_month()}")
    cell = page.locator("tr", has_text="Amara Okafor").locator("td.c-v")
    cell.dblclick()
    cell.get_by_role("textbox").fill("javascript:alert(1)")
    cell.get_by_role("textbox").press("Enter")
    expect(cell.get_by_text("Not saved.")).to_be_visible()
    cell.get_by_role("textbox").fill("http://meet.lindenpark.example/okafor")
    cell.get_by_role("textbox").press("Enter")
    expect(cell.get_by_text("Saved as https")).to_be_visible()
    page.reload()
    expect(cell).to_contain_text("meet.lindenpark.example/okafor")


def the_office_connects_zoom_and_maps(played: Evening) -> None:
    page = played.go("setup/business")
    played.look(page)
    page.get_by_role("link", name="Connect and Map Contacts").click()
    page.get_by_role("button", name="Allow").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("8 teachers mapped, 5 not mapped")
    for words in ("Pending: 1", "Inactive: 1", "Not found: 3"):
        expect(dialog.get_by_text(words)).to_be_visible()
    played.look(page)
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Show mapping").click()
    expect(dialog).to_be_visible()


def the_office_chooses_zoom_for_the_fall_event(played: Evening) -> None:
    page = played.go("events")
    page.get_by_role("link", name="Fall Conferences").first.click()
    page.get_by_role("link", name="Settings / UI Setup").click()
    page.get_by_label("Online Meeting Provider").select_option("zoom")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_label("Online Meeting Provider")).to_have_value("zoom")
    expect(page.get_by_text("Saved").first).to_be_attached()
    played.look(page)


def the_parent_signs_in_by_code(played: Evening) -> None:
    page, email = played.parent, played.ground.people["parent"]["email"]
    page.goto(played.ground.event_url)
    played.look(page)
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Next").click()
    played.look(page)
    code, played.last_mail = played.ground.code_for(email)
    page.get_by_label("Code, 6 numbers").fill(code)
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page.get_by_role("heading", name="Who would you like to meet?")).to_be_visible()
    played.look(page)


def the_parent_books_and_the_link_appears(played: Evening) -> None:
    page = played.parent
    played.ground.set_delay(3)
    for teacher in ("Folake Adeyemi", "Leila Farahani"):
        page.get_by_label(teacher).check()
    page.get_by_role("button", name="See times").click()
    played.look(page)
    _choose_online(page, "Folake Adeyemi")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Check and book")).to_be_visible()
    played.look(page)
    page.get_by_role("button", name="Book 2 appointments").click()
    expect(page.get_by_role("heading", name="You are booked")).to_be_visible()
    expect(page.get_by_text("Your link is being made").first).to_be_visible()
    played.look(page)
    _the_office_sees_it_on_the_way(played)
    # No reload here: the rows ask by themselves.
    expect(page.get_by_role("link", name="Join meeting")).to_have_count(2)
    played.look(page)


def _the_office_sees_it_on_the_way(played: Evening) -> None:
    """The row of a booking stands in Online Meeting Sync while Zoom takes its time, and leaves without reload."""
    page = played.go("online-meetings")
    section = page.get_by_role("region", name="Online Meeting Sync")
    expect(section.get_by_text("Rosa Alvarez").first).to_be_visible()
    played.ground.set_delay(0)
    expect(section.get_by_text("No links are being made")).to_be_visible(timeout=20_000)


def online_meetings_shows_what_is_wrong(played: Evening) -> None:
    page = played.go("online-meetings")
    issues = page.get_by_role("region", name="Online Meeting Issues")
    expect(issues.get_by_role("heading", name="Rohan Gupta")).to_be_visible()
    expect(issues.get_by_text("Not found in Zoom, or not active").first).to_be_visible()
    expect(issues.get_by_role("button", name="Retry").first).to_be_visible()
    issues.get_by_text("Details for support").first.click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    issues.get_by_role("button", name="Copy").first.click()
    expect(page.locator("#say")).to_have_text("Copied")
    assert "reason: not_found" in page.evaluate("navigator.clipboard.readText()")
    setup = page.get_by_role("region", name="Calendar Link Setup Status")
    expect(setup.get_by_text("Folake Adeyemi").first).to_be_visible()
    played.look(page)


def the_office_logs_in_as_the_teacher_and_returns(played: Evening) -> None:
    page = played.office
    page.locator("tr", has_text="Folake Adeyemi").get_by_role("button", name="Log in as teacher").click()
    expect(page.get_by_text("Logged in as Folake Adeyemi")).to_be_visible()
    expect(page.get_by_text("Mia Alvarez").first).to_be_visible()
    played.look(page)
    page.get_by_role("button", name="Return").click()
    expect(page.get_by_role("heading", name="Online Meetings", level=1)).to_be_visible()


def the_confirmation_mail_has_the_link(played: Evening) -> None:
    """One mail for the one act of booking, with both links, which are those on the page and at Zoom."""
    links = [link.get_attribute("href") or "" for link in played.parent.get_by_role("link", name="Join meeting").all()]
    assert {link.split("/j/")[1].split("?")[0] for link in links} == set(played.ground.meetings())
    assert len(links) == 2
    mail = played.ground.next_mail(played.ground.people["parent"]["email"], played.last_mail)
    assert "Your 2 appointments" in mail["subject"]
    assert all(link in mail["text"] for link in links)


def the_parent_books_the_teacher_whom_zoom_does_not_know(played: Evening) -> None:
    page = played.parent
    page.goto(f"{played.ground.event_url}teachers")
    page.get_by_label("Rohan Gupta").check()
    page.get_by_role("button", name="See times").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Book 1 appointment").click()
    expect(page.get_by_role("heading", name="You are booked")).to_be_visible()


def the_teacher_sees_only_their_own(played: Evening) -> None:
    page = played.office
    _sign_out(page)
    played.sign_in(page, "teacher")
    expect(page.get_by_text("Mia Alvarez").first).to_be_visible()
    expect(page.get_by_text("Leo Alvarez")).to_have_count(0)
    expect(page.get_by_role("link", name="Join").first).to_be_visible()
    played.look(page)


def the_parent_moves_and_cancels(played: Evening) -> None:
    page = played.parent
    page.goto(f"{played.ground.event_url}mine")
    played.look(page)
    before = played.ground.meetings()
    _row(page, "Leila Farahani").get_by_role("link", name="Change").click()
    played.look(page)
    page.get_by_label("6:45 PM").first.check(force=True)
    page.get_by_role("button", name="Move").click()
    expect(_row(page, "Leila Farahani")).to_contain_text("6:45")
    _await(page, lambda: len(set(played.ground.meetings().items()) - set(before.items())) == 1)
    assert set(played.ground.meetings()) == set(before)
    _row(page, "Folake Adeyemi").get_by_role("link", name="Cancel").click()
    played.look(page)
    page.get_by_role("button", name="Cancel").click()
    _await(page, lambda: len(played.ground.meetings()) == 1)
    page.goto(f"{played.ground.event_url}teachers")
    expect(page.get_by_label("Folake Adeyemi")).to_be_enabled()


def _row(page: Page, teacher: str) -> Any:
    return page.locator(".appt", has_text=teacher)


def _choose_online(page: Page, teacher: str) -> None:
    fold = page.locator("details.fold", has_text=teacher)
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    fold.get_by_label("Online", exact=True).check()
    expect(fold.get_by_label("Online", exact=True)).to_be_checked()


def _open(page: Page, item: str) -> None:
    page.locator("summary", has_text="Slots").click()
    page.locator(".menu").get_by_text(item, exact=True).click()
    expect(page.locator("#slots-form")).to_be_visible()
    expect(page.locator(".htmx-added")).to_have_count(0)  # until then what is chosen is heard by nobody


def _press(page: Page, words: str) -> None:
    """The button that names the verb and the count, once the office can see what it will do."""
    button = page.locator("#slots-go")
    expect(button).to_have_text(words)
    button.click()
    expect(page.locator("#slots-form")).to_have_count(0)


def _sign_out(page: Page) -> None:
    if page.get_by_role("button", name="Menu").is_visible():
        page.get_by_role("button", name="Menu").click()
    page.context.clear_cookies()


def _await(page: Page, is_so: Any, *, seconds: int = 15) -> None:
    """Ask the stand-in until it says so; the page's own timer keeps the browser going meanwhile."""
    for _ in range(seconds * 10):
        if is_so():
            return
        page.wait_for_timeout(100)
    pytest.fail("that did not come true in time")


def _in_a_month() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
