"""One stored value is the link everywhere: pages, reports, paper, mail and calendar show it at the next look."""

import io
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from app import Browser
from factories import EVENING
from online_office import Office, link, meeting_of, open_office, time_stands_at, virtual
from pypdf import PdfReader

from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import Appointment, Contact, Message
from webapp.models.message.message_text import REMINDER

NEW = "https://linden.zoom.us/j/another?pwd=Qk1vT2RmYzJ1NnhHc3l0ZUw5M2dGUT09"
PAGES = {
    "My Appointments": ("alice", "{family}/mine"),
    "the family's Printable Schedule": ("alice", "{family}/mine/schedule"),
    "its PDF": ("alice", "{family}/mine/schedule.pdf"),
    "a calendar file": ("alice", "{family}/a/{token}/calendar.ics"),
    "the teacher's page": ("folake", "{office}/reports/teachers-schedule"),
    "the teacher's Printable Schedule": ("folake", "{office}/reports/teachers-schedule/printable"),
    "the teacher's PDF": ("folake", "{office}/reports/teachers-schedule/printable.pdf"),
    "the teacher's list": ("folake", "{office}/reports/teachers-schedule/csv"),
    "Teachers Schedule": ("dora", "{office}/reports/teachers-schedule"),
    "Master Schedule": ("dora", "{office}/reports/master-schedule"),
    "Parents Schedule": ("dora", "{office}/reports/parents-schedule"),
    "Meeting Links": ("dora", "{office}/reports/meeting-links"),
    "Meeting Links as CSV": ("dora", "{office}/reports/meeting-links/csv"),
    "Meeting Links as PDF": ("dora", "{office}/reports/meeting-links/pdf"),
    "the appointment": ("dora", "{office}/e/{event}/a/{number}"),
}


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def look(office: Office) -> Callable[[Appointment, str], str]:
    """What somebody sees of an appointment, without line breaks."""
    people = {
        "dora": office.dora(),
        "alice": office.someone(lambda session: session.get_one(Contact, office.alice.id)),
        "folake": office.someone(lambda session: session.get_one(Contact, office.folake.id)),
    }

    def seen(appointment: Appointment, page: str) -> str:
        who, path = PAGES[page]
        named = {"token": appointment.token, "number": appointment.id, "event": office.event.id}
        family = f"/{office.school.slug}/{office.event.slug}"
        return _read(people[who], path.format(family=family, office=office.path("").rstrip("/"), **named))

    return seen


def _read(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    if answer.mimetype != "application/pdf":
        return "".join(answer.text.replace("\r\n ", "").split()).replace("&amp;", "&")
    pages = PdfReader(io.BytesIO(answer.data)).pages
    return "".join("".join(page.extract_text() for page in pages).split())


def remind(office: Office, number: int) -> str:
    """A Reminder's text, HTML, paper and calendar file."""
    with office.arranged() as session:
        name = f"{REMINDER}:{office.event.id}:{office.alice.id}:2026-12-03:{number}"
        owner = {"school_id": office.school.id, "contact_id": office.alice.id, "event_id": office.event.id}
        due = {"recipient": "alice@mail.example", "dedupe_key": name, "message_id": name, "created_at": office.now}
        session.add(Message(**owner, **due, kind=REMINDER, due_at=office.now))
    deliver_mail(office.app)
    mail = office.app.extensions["confab"].providers.mailer.sent[-1]
    paper = "".join(page.extract_text() for page in PdfReader(io.BytesIO(mail.attachments[0].content)).pages)
    [file] = mail.invitations
    entry = file.content.decode().replace("\r\n ", "")
    parts = {
        "text": mail.text,
        "html": mail.html.replace("&amp;", "&"),
        "paper": "".join(paper.split()),
        "entry": entry,
    }
    return "|".join(name for name, part in parts.items() if NEW in part)


def test_when_the_link_changes_every_page_report_paper_mail_and_calendar_has_the_new_one(
    office: Office, look: Callable[[Appointment, str], str]
) -> None:
    """R62, R99: the one value is the meeting's."""
    with office.arranged() as session:
        appointment = virtual(session, office.resource, office.alice, at=EVENING, now=office.now)
        old = link(session, appointment)
    before = {page: old in look(appointment, page) for page in PAGES}
    assert remind(office, 48) == ""

    with office.arranged() as session:
        meeting_of(session, appointment).join_url = NEW

    after = {page: look(appointment, page) for page in PAGES}
    assert all(before.values()), before
    assert [page for page, seen in after.items() if NEW not in seen or old in seen] == []
    assert remind(office, 24) == "text|html|paper|entry"
