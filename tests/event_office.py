"""Set the scene for the office's event pages: two teachers' evening, who looks at it, and what their forms send."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any, TypeVar

from app import Browser, fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from factories import (
    EVENING,
    make_appointment,
    make_connection,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
    stored,
)
from fakes import FakeCalendars, FakeMailer, FakeMeetings
from flask import Flask
from households import form_of
from sqlmodel import Session, SQLModel, select

from webapp import clock
from webapp.db import Database
from webapp.models import (
    Appointment,
    Contact,
    Event,
    EventSettings,
    Grant,
    Level,
    Meeting,
    Resource,
    School,
    Slot,
)
from webapp.services.booking.consequences import follow

THURSDAY, FRIDAY = EVENING.date(), EVENING.date() + timedelta(days=1)
QUARTER = timedelta(minutes=15)

Row = TypeVar("Row", bound=SQLModel)


@dataclass
class Office:
    """Folake and Hugh teach in `event`, which has no slots and no provider yet; Zoom is connected and knows both.

    Dora is the Administrator; Alice is a parent.
    """

    app: Flask
    database: Database
    zoom: FakeMeetings
    calendars: FakeCalendars
    now: datetime
    school: School
    event: Event
    folake: Resource
    hugh: Resource
    alice: Contact
    dora: Browser

    @contextmanager
    def arranged(self) -> Iterator[Session]:
        with self.database.transaction() as session:
            yield session

    @property
    def base(self) -> str:
        return f"/s/{self.school.slug}"

    def path(self, rest: str = "", event: Event | None = None) -> str:
        return f"{self.base}/e/{(event or self.event).id}/{rest}"

    def someone(self, level: Level, *granted: Event | Resource, school: School | None = None) -> Browser:
        """A colleague at a browser of their own."""
        browser = Browser(self.app)
        with self.arranged() as session:
            contact = make_contact(session, school or self.school, "Bob", level=level)
            for given in granted:
                subject = "event_id" if isinstance(given, Event) else "resource_id"
                ties = {"school_id": contact.school_id, "contact_id": contact.id, subject: given.id}
                stored(session, Grant(**ties))
            browser.sign_in(session, contact, now=clock.now())
        return browser

    def another_school(self) -> School:
        with self.arranged() as session:
            return make_school(session)

    def another_event(self, **values: Any) -> tuple[Event, Resource]:
        """A second event of the school, in which Folake teaches too."""
        with self.arranged() as session:
            event = make_event(session, self.school, **values)
            teacher = session.exec(select(Contact).where(Contact.first == "Folake")).one()
            return event, make_resource(session, event, teacher)

    def set(self, **settings: Any) -> None:
        with self.arranged() as session:
            row = session.get_one(EventSettings, self.event.id)
            for name, value in settings.items():
                setattr(row, name, value)

    def slots(self, resource: Resource, number: int, *, day: int = 0, **values: Any) -> list[Slot]:
        """Quarters of an hour from 4 PM on, `day` days after Thursday."""
        start = EVENING + timedelta(days=day)
        with self.arranged() as session:
            return [make_slot(session, resource, at=start + n * QUARTER, **values) for n in range(number)]

    def booked(self, slot: Slot, **values: Any) -> Appointment:
        """Alice's, with all that follows from it."""
        with self.arranged() as session:
            appointment = make_appointment(session, slot, self.alice, **{"booked_at": self.now} | values)
            follow(session, [appointment.id or 0], now=self.now)
            return appointment

    def again(self, row: Row) -> Row:
        """As the database has it now."""
        with self.database.reading() as session:
            return session.get_one(type(row), row.id)  # type: ignore[attr-defined] - each of these tables has an id

    def all(self, table: type[Row]) -> list[Row]:
        with self.database.reading() as session:
            return list(session.exec(select(table)))

    def kinds(self, day: Any = None) -> str:
        """The standing slots' types in the order of time, such as "V V P"."""
        slots = [slot for slot in self.all(Slot) if slot.removed_at is None]
        mine = [s for s in slots if day is None or s.wall_start.startswith(day.isoformat())]
        return " ".join(slot.kind for slot in sorted(mine, key=lambda slot: slot.starts_at))

    def meeting(self, appointment: Appointment) -> Meeting:
        """The current one."""
        with self.database.reading() as session:
            query = select(Meeting).where(Meeting.appointment_id == appointment.id, Meeting.replaced_at == None)  # noqa: E711
            return session.exec(query).one()

    def form(self, deed: str, browser: Browser | None = None, **typed: Any) -> dict[str, Any]:
        """What the dialog holds when its button has been counted: the key and the promise are in it."""
        browser = browser or self.dora
        filled = DEFAULTS[deed] | typed
        answer = browser.post(self.path(f"slots/{deed}/preview"), filled, htmx=True)
        hidden = {name: value for name in ("key", "promise") if (value := hidden_value(answer.text, name))}
        return filled | hidden

    def shown(self, address: str, page: str = "") -> dict[str, str]:
        """What a browser sends of a page's own form of which no field is changed."""
        fields = form_of(page or self.dora.get(address).text, address)
        return {name: values[0] for name, values in fields.items() if name != "csrf"}

    def do(self, deed: str, browser: Browser | None = None, **typed: Any) -> Any:
        browser = browser or self.dora
        return browser.post(self.path(f"slots/{deed}"), self.form(deed, browser, **typed))


DEFAULTS: dict[str, dict[str, Any]] = {
    "create": {
        "dates": [THURSDAY.isoformat()],
        "who": "all",
        "from_time": "16:00",
        "to_time": "17:00",
        "duration": "15",
        "travel_break": "0",
        "visibility": "visible",
        "capacity": "1",
    },
    "update": {"dates": [THURSDAY.isoformat()], "who": "all", "from_time": "", "to_time": "", "visibility": ""},
    "copy": {
        "dates": [THURSDAY.isoformat()],
        "to": [FRIDAY.isoformat()],
        "who": "all",
        "from_time": "",
        "to_time": "",
    },
    "move": {
        "dates": [THURSDAY.isoformat()],
        "to": [FRIDAY.isoformat()],
        "who": "all",
        "from_time": "",
        "to_time": "",
    },
    "delete": {"dates": [THURSDAY.isoformat()], "who": "all", "from_time": "", "to_time": ""},
}


def open_office(database: Database, now: datetime) -> Office:
    zoom, calendars = FakeMeetings(), FakeCalendars()
    providers = fake_providers(zoom, FakeMailer(), calendars=calendars)
    app = make_app(settings_of(str(database.engine.url), KEY), providers)
    with database.transaction() as session:
        school = make_school(session)
        make_connection(session, school)
        event = make_event(session, school)
        resources = []
        for first, last, group in (("Folake", "Adeyemi", "Grade 4"), ("Hugh", "Barlow", "Grade 5")):
            teacher = make_teacher(session, school, first, last)
            make_host(session, teacher, remote_id=zoom.add_user(teacher.email or "").key)
            resources.append(make_resource(session, event, teacher, group_name=group))
        alice = make_contact(session, school)
        office = make_contact(session, school, "Dora", "Whitlock", level=Level.ADMINISTRATOR)
        dora = Browser(app).sign_in(session, office, now=now)
    return Office(app, database, zoom, calendars, now, school, event, resources[0], resources[1], alice, dora)


def hidden_value(html: str, name: str) -> str:
    """The value of the first input of this name; empty where there is none."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return unescape(found[1]) if found else ""


def cell(html: str, identity: str) -> str:
    """The table cell with this id, as it is written."""
    found = re.search(rf'<td id="{identity}".*?</td>', html, re.DOTALL)
    assert found, f"no cell has the id {identity}"
    return found[0]


def headings(html: str) -> list[str]:
    """The day table's column headings before the first hour, in words."""
    table = html[html.index('class="t day"') :].partition("</thead>")[0]
    found = re.findall(r'<th scope="col"(?! colspan)[^>]*>(.*?)</th>', table, re.DOTALL)
    return [words(heading) for heading in found]


def words(html: str) -> str:
    """The text that a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
