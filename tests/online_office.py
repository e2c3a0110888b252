"""Set the scene for Online Meetings and the reports: an event with Zoom, what is booked there, and who looks at it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from typing import Any

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
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from sqlmodel import Session, select

from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Contact, Event, Grant, Level, Meeting, Resource, School
from webapp.services.booking.consequences import follow
from webapp.services.system.errand import failed

_quarters = count()


@dataclass
class Office:
    """Folake (mapped) teaches in `event`, which uses Zoom; `alice` is a parent. Rows are added in `arranged()`."""

    app: Flask
    database: Database
    zoom: FakeMeetings
    now: datetime
    school: School
    event: Event
    folake: Contact
    resource: Resource
    alice: Contact

    @contextmanager
    def arranged(self) -> Iterator[Session]:
        with self.database.transaction() as session:
            yield session

    def dora(self) -> Browser:
        """The school's Administrator at her browser."""
        return self.someone(lambda session: make_contact(session, self.school, "Dora", level=Level.ADMINISTRATOR))

    def event_administrator(self, *granted: Event) -> Browser:
        def arrange(session: Session) -> Contact:
            contact = make_contact(session, self.school, "Dan", level=Level.EVENT_ADMINISTRATOR)
            for event in granted:
                stored(session, Grant(school_id=self.school.id, contact_id=contact.id, event_id=event.id))
            return contact

        return self.someone(arrange)

    def someone(self, arrange: Callable[[Session], Contact]) -> Browser:
        """Another person's browser, signed in."""
        browser = Browser(self.app)
        with self.arranged() as session:
            browser.sign_in(session, arrange(session), now=clock.now())
        return browser

    def path(self, rest: str = "online-meetings") -> str:
        return f"/s/{self.school.slug}/{rest}"


def open_office(database: Database, now: datetime) -> Office:
    zoom = FakeMeetings()
    app = make_app(settings_of(str(database.engine.url), KEY), fake_providers(zoom, FakeMailer()))
    with database.transaction() as session:
        school = make_school(session)
        make_connection(session, school)
        event = make_event(session, school, settings={"provider": "zoom"})
        folake = make_teacher(session, school)
        make_host(session, folake, remote_id=zoom.add_user(folake.email or "").key)
        resource = make_resource(session, event, folake)
        alice = make_contact(session, school)
    return Office(app, database, zoom, now, school, event, folake, resource, alice)


@contextmanager
def time_stands_at(now: datetime) -> Iterator[None]:
    clock.move(now - datetime.now(UTC))
    yield
    clock.move(timedelta())


def virtual(session: Session, resource: Resource, parent: Contact, *, now: datetime, **values: Any) -> Appointment:
    """A virtual appointment some quarter of an hour after the last, with all that follows from booking it."""
    at = values.pop("at", EVENING + timedelta(minutes=15 * next(_quarters)))
    slot = make_slot(session, resource, at=at, kind=values.pop("kind", "V"))
    appointment = make_appointment(session, slot, parent, **{"booked_at": now, "is_virtual": True} | values)
    follow(session, [appointment.id or 0], now=now)
    return appointment


def meeting_of(session: Session, appointment: Appointment) -> Meeting:
    query = select(Meeting).where(Meeting.appointment_id == appointment.id, Meeting.replaced_at == None)  # noqa: E711
    return session.exec(query).one()


def link(session: Session, appointment: Appointment) -> str:
    """As the job stores it."""
    meeting = meeting_of(session, appointment)
    meeting.remote_id, meeting.due_at, meeting.claim = f"r{appointment.id}", None, None
    meeting.join_url = f"https://linden.zoom.us/j/{appointment.id}"
    session.flush()
    return meeting.join_url


def refuse(session: Session, appointment: Appointment, error: ProviderError, *, tries: int = 1, now: datetime) -> None:
    """As the job stores a call that failed."""
    meeting = meeting_of(session, appointment)
    for name, value in (failed(error, attempts=tries, now=now) | {"attempts": tries}).items():
        setattr(meeting, name, value)
    session.flush()


def words(html: str) -> str:
    """The text that a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def part(html: str, identity: str) -> str:
    """The section, table row or list with this id, in words."""
    found = re.search(rf'<(section|tr|div|dl|span) [^>]*id="{identity}".*?</\1>', html, re.DOTALL)
    assert found, f"nothing has the id {identity}"
    return words(found[0])


def issues(html: str) -> list[str]:
    """The rows of Online Meeting Issues, in words."""
    section = html[html.index('id="om-issues"') :].partition("</section>")[0]
    return [words(row) for row in re.split(r'<li id="issue-[\w-]+"><div>', section)[1:]]
