"""What an office does before the evening, in a real browser: a new school from empty to booked, next year's event."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from app import fake_providers, make_app
from app import test_settings as settings_of
from chromium import assert_fine, opened, served
from conftest import KEY
from event_office import THURSDAY, open_office
from factories import make_class, make_student
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from online_office import time_stands_at
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import Appointment, Contact
from webapp.services.people.admins import create_admin

pytestmark = pytest.mark.browser

OFFICE, PASSWORD = "dora@birch.example", "a long walk by the lake"
FILES = {
    "students.txt": "StudentID\tFirst\tLast\tSecurityValue\nS1\tMia\tAlvarez\t2016-05-04\nS2\tLeo\tZhang\t2017-01-09\n",
    "teachers.txt": "TeacherID\tFirst\tLast\tEmail\tRoom\nT1\tFolake\tAdeyemi\tfolake@birch.example\t112\n"
    "T2\tHugh\tBarlow\thugh@birch.example\t9\n",
    "classes.txt": "ClassID\tTeacherID\tClassName\nC1\tT1\tGrade 4\nC2\tT2\tMusic\n",
    "enrollment.txt": "StudentID\tClassID\nS1\tC1\nS1\tC2\nS2\tC1\n",
}
PARENT = "rosa@mail.example"
MEANT = ["status of 422"]

Look = Callable[[Page, str], None]


def with_axe(page: Page, name: str) -> None:
    """At the pages that no other test looks at so."""
    if name in {"missing", "class-editor", "ready", "over"}:
        assert_fine(page)


@dataclass
class Desk:
    """The office's page, at an address of the school."""

    page: Page
    address: str
    school: str
    look: Look

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}/s/{self.school}/{path}")

    def tab(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).click()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).last.click()

    def todo(self, title: str, says: str) -> None:
        """What the checklist of the Overview says."""
        line = self.page.get_by_role("region", name="Checklist").locator("li", has_text=title).first
        expect(line).to_contain_text(says)

    def makes_slots(self) -> None:
        form = self.page.locator("#slots-form")
        form.get_by_label("Date", exact=True).first.fill(THURSDAY.isoformat())
        form.get_by_label("From").fill("16:00")
        form.get_by_label("To", exact=True).fill("17:00")
        form.get_by_label("Duration").fill("15")
        expect(self.page.locator("#slots-go")).to_have_text("Create 8 slots")
        self.look(self.page, "slots")
        self.page.locator("#slots-go").click()
        expect(self.page.locator("#slots-form")).to_have_count(0)

    def opens_booking(self) -> None:
        self.tab("Settings / UI Setup")
        self.page.get_by_label("Open scheduler to customers on").fill("2026-11-20T08:00")
        self.press("Save")
        expect(self.page.get_by_text("Booking open").first).to_be_visible()
        self.look(self.page, "ui-setup")


def test_a_new_school_from_empty_to_booked(browser: Browser, database: Database, now: datetime, tmp_path: Path) -> None:
    """PRODUCT 3.1, from `create-admin` to the first family: roster, event, slots, opening, booking."""
    app = make_app(settings_of(str(database.engine.url), KEY), fake_providers(FakeMeetings(), FakeMailer()))
    with time_stands_at(now):
        with database.transaction() as session:
            school = {"slug": "birch", "school_name": "Birch Hill School", "zone": "America/Chicago"}
            dora = {"email": OFFICE, "first": "Dora", "last": "Whitlock", "password": PASSWORD}
            create_admin(session, **school, **dora, now=now)
        with served(app) as address, opened(browser, 1440, "light", ignored=MEANT) as page:
            new_school(app, Desk(page, address, "birch", with_axe), tmp_path)

    with database.reading() as session:
        [booked] = session.exec(select(Appointment))
        [rosa] = session.exec(select(Contact).where(Contact.email == PARENT))
        assert booked.contact_id == rosa.id


def new_school(app: Flask, desk: Desk, folder: Path) -> None:
    _signs_in(desk)
    _imports_the_roster(desk, folder)
    _adds_the_event(desk)
    _mends_what_is_missing(desk)
    _a_parent_books(app, desk)
    desk.go("appointments")
    expect(desk.page.get_by_text("Mia Alvarez").first).to_be_attached()


def _signs_in(desk: Desk) -> None:
    desk.page.set_default_timeout(10_000)
    desk.page.goto(f"{desk.address}/sign-in")
    desk.page.get_by_label("Email").fill(OFFICE)
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.press("Sign In")
    desk.look(desk.page, "first-page")
    desk.go("events")
    expect(desk.page.get_by_text("There are no events yet.")).to_be_visible()
    desk.look(desk.page, "no-events")


def _imports_the_roster(desk: Desk, folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    desk.go("importer")
    desk.page.get_by_label("Roster files").set_input_files([folder / name for name in FILES])
    desk.press("Check the files")
    expect(desk.page.get_by_text("Rows read: 9. Rows that can be imported: 9.")).to_be_visible()
    desk.look(desk.page, "import")
    desk.press("Apply this import")
    expect(desk.page.get_by_role("heading", name="Imported", level=1)).to_be_visible()


def _adds_the_event(desk: Desk) -> None:
    desk.go("events/add")
    desk.page.get_by_label("Name", exact=True).fill("Fall Conferences")
    desk.page.get_by_label("Date", exact=True).fill("December 3")
    desk.page.get_by_label("Location").fill("Main building")
    desk.page.get_by_label(re.compile("Event Details")).fill("Please bring the report.")
    desk.look(desk.page, "add-event")
    desk.press("Add event")
    expect(desk.page.get_by_role("heading", name="Fall Conferences", level=1)).to_be_visible()
    desk.look(desk.page, "new-event")


def _mends_what_is_missing(desk: Desk) -> None:
    """From the Overview: each line leads to the page that mends it."""
    desk.tab("Overview")
    desk.todo("Teachers", "2 teachers and teams, each with an email")
    desk.todo("Classes", "Each class and each student has a teacher in this event.")
    desk.todo("Families", "2 students, each with a parent's email or a Security Value")
    desk.todo("Booking", "Families cannot book: no opening time is set.")
    desk.look(desk.page, "missing")
    desk.page.get_by_role("region", name="Checklist").get_by_role("link", name="Create Slots").click()
    desk.makes_slots()
    desk.opens_booking()
    desk.tab("Class Editor")
    expect(desk.page.get_by_role("link", name="Grade 4", exact=True)).to_be_visible()
    desk.look(desk.page, "class-editor")
    desk.tab("Overview")
    expect(desk.page.get_by_text("Everything is ready for families")).to_be_visible()
    desk.look(desk.page, "ready")


def _a_parent_books(app: Flask, desk: Desk) -> None:
    """In a browser of their own: sign in by code, sign up, name the child, choose, book."""
    assert desk.page.context.browser
    page = desk.page.context.browser.new_page(viewport=desk.page.viewport_size)
    page.goto(f"{desk.address}/birch/")
    desk.look(page, "school")
    page.get_by_role("link", name="Fall Conferences").click()
    page.get_by_label("Email").fill(PARENT)
    page.get_by_role("button", name="Next").click()
    deliver_mail(app)
    code = re.search(r"\d{3} \d{3}", app.extensions["confab"].providers.mailer.sent_to(PARENT)[-1].subject)
    assert code
    page.get_by_label("Code, 6 numbers").fill(code[0])
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.get_by_label("First name").fill("Rosa")
    page.get_by_label("Last name").fill("Alvarez")
    desk.look(page, "sign-up")
    page.get_by_role("button", name="Create your account").click()
    page.get_by_label("Student ID").fill("S1")
    page.get_by_label("Security value").fill("2016-05-04")
    desk.look(page, "child")
    page.get_by_role("button", name="Add child", exact=True).click()
    page.get_by_label("Folake Adeyemi").check()
    page.get_by_role("button", name="See times").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Book 1 appointment").click()
    expect(page.get_by_role("heading", name="You are booked")).to_be_visible()
    desk.look(page, "booked")
    page.close()


@pytest.mark.parametrize("way", ["Use as template", "Duplicate PTA"])
def test_next_years_event_from_last_years(browser: Browser, database: Database, now: datetime, way: str) -> None:
    """PRODUCT 3.1, R20: teachers and rooms come along, and the Overview says what does not."""
    with time_stands_at(now):
        office = open_office(database, now)
        office.slots(office.folake, 4, day=-300)
        office.set(provider="zoom")
        with office.arranged() as session:
            for teacher in session.exec(select(Contact).where(Contact.teacher_ref != None)).all():  # noqa: E711
                make_class(session, office.school, teacher, make_student(session, office.school))
        cookie = office.dora.client.get_cookie("confab")
        assert cookie
        with served(office.app) as address, opened(browser, 1440, "light", ignored=MEANT) as page:
            page.context.add_cookies([{"name": "confab", "value": cookie.value, "url": address}])
            next_year(Desk(page, address, office.school.slug, with_axe), way)


def next_year(desk: Desk, way: str) -> None:
    page = desk.page
    desk.go("events")
    page.get_by_role("link", name="Fall Conferences 2026", exact=True).first.click()
    desk.tab("Overview")
    expect(page.get_by_text("This event is over; nothing is left to be done.")).to_be_visible()
    desk.look(page, "over")
    desk.tab(way)
    page.get_by_label("Name", exact=True).fill("Fall Conferences 2027")
    if way == "Use as template":
        page.get_by_label("Teachers").select_option("template")
    desk.look(page, way.lower().replace(" ", "-"))
    page.locator("form.panel .btn.primary").click()
    expect(page.get_by_role("heading", name="Fall Conferences 2027", level=1)).to_be_visible()
    desk.tab("Overview")
    desk.todo("Teachers", "2 teachers and teams, each with an email")
    desk.todo("Online meetings", "None: there are no virtual slots.")
    desk.todo("Slots", "There are no slots yet")
    desk.look(page, "next-year")
    page.get_by_role("region", name="Checklist").get_by_role("link", name="Create Slots").click()
    desk.makes_slots()
    desk.opens_booking()
    desk.tab("Overview")
    expect(page.get_by_text(re.compile("Families can book; 1 thing to look at"))).to_be_visible()
