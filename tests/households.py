"""Play an event at its edge: three teachers, four people with a browser each, ten days ahead."""

import html
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import factories as make
from app import Browser, fake_providers, make_app, test_settings
from factories import EVENING
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from webapp.csrf import new_key
from webapp.db import Database
from webapp.models import Appointment, Contact, Event, EventSettings, Level, Meeting, Resource, School, Slot, Student
from webapp.services.booking.confirm import stamp

KEY = "tests-only-token-key-0123456789abcdef"


@dataclass
class Households:
    """Alice and Bob are Mia's and Leo's parents, Charlie is a stranger with a child of his own, Dora is the office.

    Folake (Mia) offers times in person or online, Jonas (Leo) online, Petra (Mia) in person. Zoom is on.
    """

    app: Flask
    database: Database
    meetings: FakeMeetings
    mailer: FakeMailer
    school: School
    event: Event
    people: dict[str, Contact]
    children: dict[str, Student]
    teachers: dict[str, Resource]
    slots: dict[str, list[Slot]]
    browsers: dict[str, Browser] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"/{self.school.slug}/{self.event.slug}"

    def browser(self, name: str) -> Browser:
        """Signed in, and the same each time."""
        return self.browsers[name]

    def pick(self, child: str, teacher: str, slot: int | None = None, kind: str = "") -> str:
        parts = [self.children[child].token, self.teachers[teacher].token]
        parts += [self.slots[teacher][slot].token] if slot is not None else []
        return ".".join([*parts, kind] if kind else parts)

    def check(self, *picks: str) -> str:
        return f"{self.base}/check?" + "&".join(f"pick={pick}" for pick in picks)

    def book(self, name: str, *picks: str, key: str | None = None, **more: Any) -> Any:
        """As the button of step 3 sends it."""
        browser = self.browser(name)
        key = self.key() if key is None else key
        form = {"pick": list(picks), "seen": self.stamps(), "key": key}
        return browser.post(f"{self.base}/book", form | more)

    def stamps(self) -> list[str]:
        """Every time as the pages show it."""
        return [stamp(slot.token, slot.starts_at, slot.kind) for slots in self.slots.values() for slot in slots]

    def booked(self, name: str, *picks: str) -> Appointment:
        """The first appointment of a booking that must succeed."""
        answer = self.book(name, *picks)
        assert answer.status_code == 303, answer.text
        with self.database.reading() as session:
            act = answer.location.rpartition("/")[2]
            query = select(Appointment).where(Appointment.act == act).order_by(Appointment.id)
            return session.execute(query).scalars().all()[0]

    def change(self, **settings: Any) -> None:
        with self.database.transaction() as session:
            row = session.get_one(EventSettings, self.event.id)
            for name, value in settings.items():
                setattr(row, name, value)

    def key(self) -> str:
        """A fresh request key, as a page makes it."""
        with self.app.test_request_context():
            return new_key()

    def all(self, table: type[SQLModel]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.execute(select(table)).scalars())

    def standing(self) -> list[Appointment]:
        return [a for a in self.all(Appointment) if a.cancelled_at is None]

    def current_meetings(self) -> list[Meeting]:
        return [m for m in self.all(Meeting) if m.replaced_at is None]

    def close(self) -> None:
        self.app.extensions["confab"].database.dispose()

    def run_jobs(self) -> None:
        sync_links(self.app)
        deliver_mail(self.app)


def play(database: Database, *, now: datetime, **settings: Any) -> Households:
    """Everything made and committed."""
    meetings, mailer = FakeMeetings(), FakeMailer()
    url = database.engine.url.render_as_string(hide_password=False)
    app = make_app(test_settings(url, KEY, **settings), fake_providers(meetings, mailer))
    with database.transaction() as session:
        return settle(session, app, database, meetings, mailer, now=now)


def text_of(page: str) -> str:
    """The words of a page, without its tags."""
    without_marks = re.sub(r'</?(?:b|bdi)>|<span class="vh">', "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without_marks)).split())


def form_of(page: str, action: str) -> dict[str, list[str]]:
    """What a browser without JavaScript would send with the page's form that posts to this address, buttons apart."""
    reader = _Forms()
    reader.feed(page)
    assert action in reader.forms, f"no form for {action}, but {sorted(reader.forms)}"
    return reader.forms[action]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._fields: dict[str, list[str]] = {}
        self._select = self._text_area = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "form":
            self._fields = self.forms.setdefault(values.get("action") or "", {})
        is_ticked = values.get("type") not in {"radio", "checkbox"} or "checked" in values
        if tag == "input" and values.get("name") and is_ticked and "disabled" not in values:
            self._fields.setdefault(values["name"] or "", []).append(values.get("value") or "")
        if tag == "select":
            self._select = values.get("name") or ""
        if tag == "option" and self._select and ("selected" in values or self._select not in self._fields):
            self._fields[self._select] = [values.get("value") or ""]
        if tag == "textarea":
            self._text_area = values.get("name") or ""
            self._fields[self._text_area] = [""]

    def handle_data(self, data: str) -> None:
        if self._text_area:
            self._fields[self._text_area] = [data.replace("\n", "\r\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text_area = ""


def settle(
    session: Session, app: Flask, database: Database, meetings: FakeMeetings, mailer: FakeMailer, *, now: datetime
) -> Households:
    school = make.make_school(session)
    mia, leo = make.make_student(session, school, "Mia"), make.make_student(session, school, "Leo")
    zoe = make.make_student(session, school, "Zoe", "Novak")
    people = {
        "alice": make.make_contact(session, school, "Alice"),
        "bob": make.make_contact(session, school, "Bob"),
        "charlie": make.make_contact(session, school, "Charlie", "Novak"),
        "dora": make.make_contact(session, school, "Dora", "Diaz", level=Level.ADMINISTRATOR),
    }
    for parent, child in (("alice", mia), ("alice", leo), ("bob", mia), ("bob", leo), ("charlie", zoe)):
        make.make_guardian(session, people[parent], child)
    event = make.make_event(session, school, settings={"provider": "zoom", "closes_at": now + timedelta(days=9)})
    make.make_connection(session, school)
    teachers, slots = {}, {}
    for first, last, kind, students in (
        ("Folake", "Adeyemi", "PV", [mia, zoe]),
        ("Jonas", "Eriksen", "V", [leo, zoe]),
        ("Petra", "Dvořák", "P", [mia]),
    ):
        teacher = make.make_teacher(session, school, first, last)
        make.make_class(session, school, teacher, *students, name=f"Class of {first}")
        user = meetings.add_user(teacher.email or "")
        make.make_host(session, teacher, remote_id=user.key)
        resource = teachers[first] = make.make_resource(session, event, teacher, room="112")
        times = [EVENING + timedelta(minutes=15 * n) for n in range(6)]
        slots[first] = [make.make_slot(session, resource, at=at, kind=kind) for at in times]
    browsers = {name: Browser(app).sign_in(session, person, now=now) for name, person in people.items()}
    children = {"mia": mia, "leo": leo, "zoe": zoe}
    return Households(app, database, meetings, mailer, school, event, people, children, teachers, slots, browsers)
