"""Sit at a teacher's desk before Calendar Sync: a school, what is booked with them, their calendar behind fakes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app import Browser, fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from factories import (
    EVENING,
    make_appointment,
    make_contact,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from fakes import FakeCalendars, FakeGrants, FakeMailer, FakeMeetings
from flask import Flask
from sqlmodel import Session, select

from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Audit, CalendarLink, Contact, Level, Resource, School


@dataclass
class Desk:
    """`petra` teaches and is signed in; `calendar` is the account behind the consent page, whose owner has her
    address; `dora` is the office. Alice's appointment with Petra is `booked`."""

    app: Flask
    database: Database
    calendar: FakeCalendars
    grants: FakeGrants
    mailer: FakeMailer
    school: School
    teacher: Contact
    resource: Resource
    booked: Appointment
    petra: Browser
    dora: Browser

    @property
    def page(self) -> str:
        return f"/s/{self.school.slug}/calendar-sync"

    def begin(self, provider: str = "google", browser: Browser | None = None, **query: str) -> str:
        """To the consent page; gives the `state` that is to come back."""
        address = f"{self.page}/{provider}/sign-in"
        answer = (browser or self.petra).client.get(address, query_string=query)
        assert answer.status_code == 303, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]

    def come_back(self, state: str, provider: str = "google", browser: Browser | None = None, **query: str) -> Any:
        values = {"code": f"code-{state}", "state": state} | query
        sent = {name: value for name, value in values.items() if value}
        return (browser or self.petra).client.get(f"/oauth/{provider}", query_string=sent)

    def link(self, provider: str = "google") -> str:
        """The whole handshake; gives the page after it."""
        answer = self.come_back(self.begin(provider), provider)
        assert answer.status_code == 303, answer.text
        return str(self.petra.get(answer.headers["Location"]).text)

    def save(self, browser: Browser | None = None, provider: str = "google", **typed: str) -> Any:
        return (browser or self.petra).post(f"{self.page}/{provider}", {"calendar": "school"} | typed)

    def act(self) -> Browser:
        """The office's browser, logged in as Petra."""
        assert self.dora.post(f"/s/{self.school.slug}/as/{self.teacher.id}").status_code == 303
        return self.dora

    def links(self) -> list[CalendarLink]:
        return self.all(CalendarLink)

    def all(self, table: type[Any]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.exec(select(table)))

    def audited(self) -> list[str]:
        return [
            row.action for row in self.all(Audit) if row.action.startswith(("calendar.", "feed.", "contact.invite"))
        ]

    def someone(self, arrange: Callable[[Session], Contact]) -> Browser:
        """Another person's browser, signed in."""
        with self.arranged() as session:
            return Browser(self.app).sign_in(session, arrange(session), now=clock.now())

    @contextmanager
    def arranged(self) -> Iterator[Session]:
        with self.database.transaction() as session:
            yield session


def open_desk(database: Database, **settings: Any) -> Desk:
    calendar, grants, mailer = FakeCalendars(), FakeGrants(), FakeMailer()
    providers = fake_providers(FakeMeetings(), mailer, grants, calendars=calendar)
    app = make_app(settings_of(str(database.engine.url), KEY, **settings), providers)
    with database.transaction() as session:
        school = make_school(session)
        petra = make_teacher(session, school, "Petra", "Vogel", email="petra@linden.example", level=Level.MAKER)
        dora = make_contact(session, school, "Dora", "Office", level=Level.ADMINISTRATOR)
        resource = make_resource(session, make_event(session, school), petra)
        alice = make_contact(session, school)
        booked = make_appointment(session, make_slot(session, resource, at=EVENING), alice, child_name="Mia Alvarez")
        browsers = [Browser(app).sign_in(session, one, now=clock.now()) for one in (petra, dora)]
    return Desk(app, database, calendar, grants, mailer, school, petra, resource, booked, *browsers)
