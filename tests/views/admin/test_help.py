"""Each page of the office has its help behind a "?", in the same place; and says its name as users know it."""

from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from event_office import Office, open_office, words
from online_office import time_stands_at
from routes import ACCESS, RULES, methods

from webapp.db import Database
from webapp.models import Level, Student
from webapp.views.admin.help_pages import TOPICS


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        opened = open_office(database, now)
        first, _ = opened.slots(opened.folake, 2, kind="V")
        opened.booked(first, is_virtual=True)
        yield opened


def page_of(office: Office, path: str) -> str:
    answer = office.dora.get(f"{office.base}/{path.replace('EVENT', str(office.event.id))}")
    assert answer.status_code == 200, path
    return str(answer.text)


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("e/EVENT/settings/vendor-ui-setup", "vendor-ui-setup"),
        ("e/EVENT/settings/ui-setup", "ui-setup"),
        ("e/EVENT/", "appointments"),
        ("online-meetings", "online-meetings"),
        ("calendar-sync", "calendar-sync"),
        ("setup/business", "global-setup"),
        ("setup/contacts", "global-setup"),
        ("contacts", "contacts"),
        ("importer", "importer"),
        ("events", "set-up"),
        ("profile", "contacts"),
    ],
)
def test_a_question_mark_leads_to_the_help_of_the_page(office: Office, path: str, topic: str) -> None:
    """R101"""
    page = page_of(office, path)

    assert f'href="{office.base}/help/{topic}">?' in page
    assert page_of(office, f"help/{topic}").count("<h1>") == 1


def test_every_page_with_a_place_of_its_own_in_settings_has_a_topic() -> None:
    """R101: also those that come."""
    pages = [rule for rule in RULES if "GET" in methods(rule) and ACCESS.get(rule.endpoint)]
    settings = [str(rule) for rule in pages if str(rule).startswith("/s/") and "/setup" in str(rule)]

    places = [place for topic in TOPICS for place in topic.places]
    assert not [path for path in settings if not any(place in path for place in places)]


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS])
def test_each_help_says_what_to_do_and_stands_in_the_list(office: Office, topic: str) -> None:
    """R101"""
    page, index = page_of(office, f"help/{topic}"), page_of(office, "help")

    assert page.count("<li>") >= 2
    assert f"{office.base}/help/{topic}" in index


def test_the_help_link_stands_in_the_same_place_on_every_page(office: Office) -> None:
    """R101, WCAG 3.2.6"""
    for path in ("events", "contacts", "setup/business", "reports/master-schedule", "profile"):
        page = page_of(office, path)
        nav = page[page.index('<nav class="nav"') :].partition("</nav>")[0]
        assert nav.rstrip().endswith(" Help</a>"), path


def test_teachers_have_help_too(office: Office) -> None:
    teacher = office.someone(Level.VIEWER)

    assert teacher.get(f"{office.base}/help").status_code == 200
    assert teacher.get(f"{office.base}/help/reports").status_code == 200
    assert teacher.get(f"{office.base}/help/nothing").status_code == 404


LABELS: dict[str, list[str]] = {
    "events": [
        "Reports",
        "Events",
        "Contacts",
        "Importer",
        "Online Meetings",
        "Global Setup",
        "Online Scheduler",
        "Add",
    ],
    "e/EVENT/classes": ["Class Editor", "Teachers", "Classes"],
    "e/EVENT/overview": ["Overview", "Checklist", "Preflight"],
    "e/EVENT/": [
        "Appointments",
        "Slots",
        "Create Slots",
        "Update Slots",
        "Delete Time Slots",
        "Room",
        "Virtual Room",
    ],
    "e/EVENT/slots/create": [
        "Travel Break",
        "Visible for Customer",
        "Hidden from Customer",
        "Shown with “Call” Status",
        "Make Unavailable",
    ],
    "e/EVENT/settings/ui-setup": [
        "Settings / UI Setup",
        "Advanced Settings",
        "Online Meeting Provider",
        "Scheduler Availability",
        "Open scheduler to customers on",
        "Close scheduler to customers on",
    ],
    "e/EVENT/settings/vendor-ui-setup": ["Settings / Vendor UI Setup", 'Show the "Appointment type" dropdown'],
    "online-meetings": [
        "Online Meeting Sync",
        "Online Meeting Issues",
        "Calendar Link Setup Status",
        "Export Setup",
        "Import Setup",
        "Log in as teacher",
    ],
    "setup/business": [
        "Business",
        "Business Settings",
        "Account Level Settings",
        "Registration and Login Settings",
        "Integration Options",
        "Notification Contacts",
        "Zoom Integration",
        "Connect and Map Contacts",
        "Logo",
        "Display Contact Name As",
        "Date Display Format",
        "Time Display Format",
        "Email notifications from",
    ],
    "setup/contacts": [
        "Contacts",
        "Modify Admin Level",
        "Remove all customers",
        "Customer Access Only",
        "Appointment Viewer",
        "Appointment Maker",
        "Resource Administrator",
        "Event Administrator",
        "Administrator",
        "Show advanced options…",
    ],
    "contacts/CONTACT": [
        "Contact Info",
        "Appointments",
        "Log",
        "Vendor Access",
        "Parent-Student Relationship",
        "Delete",
    ],
    "contacts/CONTACT/access": ["Admin Level", "Resource", "Event"],
    "students/STUDENT": ["Clone Student", "StudentID", "SecurityValue"],
    "reports/master-schedule": [
        "Event Reports",
        "Event",
        "Report",
        "Teachers Schedule",
        "Master Schedule",
        "Parents Schedule",
        "By Room",
        "Parents without Appointments",
        "Open Slots",
        "Cancelled Appointments",
        "Meeting Links",
        "CSV",
        "PDF",
    ],
    "profile": ["Edit Profile", "Change Password", "Log Out"],
}
"""Page → labels that schools know from the tool before (DESIGN 7)."""


@pytest.mark.parametrize("path", LABELS)
def test_labels_are_those_that_users_know(office: Office, path: str) -> None:
    """R102"""
    with office.arranged() as session:
        student = Student(school_id=office.school.id or 0, student_ref="S-1", first="Mia", last="Alvarez")
        session.add(student)
        session.flush()
    ids = {"CONTACT": office.alice.id, "STUDENT": student.id}
    filled = path
    for name, number in ids.items():
        filled = filled.replace(name, str(number))

    shown = words(page_of(office, filled))

    assert [label for label in LABELS[path] if label not in shown] == []


def test_the_door_says_what_users_know() -> None:
    """R102"""
    text = unescape(Path("webapp/templates/login/sign_in.html").read_text())

    assert "Forgot Password" in text
    assert "Sign In" in text
