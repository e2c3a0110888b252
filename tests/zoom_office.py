"""Sit at the office's desk before Global Setup / Business: a school, its Administrator, and Zoom behind fakes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app import Browser, fake_providers, make_app
from factories import make_contact, make_school, make_teacher
from fakes import FakeGrants, FakeMailer, FakeMeetings
from flask import Flask
from sqlmodel import Session, select

from jobs.tasks import run_tasks
from webapp import clock, create_app
from webapp.config import Settings
from webapp.db import Database
from webapp.models import Audit, Connection, Contact, Level, School, Task

LABEL = "Connect and Map Contacts"


@dataclass
class Office:
    """`dora` is the school's Administrator at her browser; `zoom` and `grants` stand behind the consent page."""

    app: Flask
    database: Database
    zoom: FakeMeetings
    grants: FakeGrants
    school: str
    dora: Browser

    @property
    def page(self) -> str:
        return f"/s/{self.school}/setup/business"

    def begin(self, browser: Browser | None = None) -> str:
        """To the consent page; gives the `state` that is to come back."""
        answer = (browser or self.dora).get(f"/s/{self.school}/zoom/connect")
        assert answer.status_code == 303, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]

    def come_back(self, state: str, browser: Browser | None = None, **query: str) -> Any:
        values = {"code": f"code-{state}", "state": state} | query
        sent = {name: value for name, value in values.items() if value}
        return (browser or self.dora).client.get("/zoom/callback", query_string=sent)

    def connect(self) -> Any:
        """The whole handshake; gives the page after it, before the mapping has run."""
        answer = self.come_back(self.begin())
        assert answer.status_code == 303, words(answer.text)
        return self.dora.get(answer.headers["Location"])

    def map(self) -> str:
        """Connect, let the mapping run, and look at the partial that the page then asks for."""
        address = polled(self.connect().text)
        run_tasks(self.app)
        return str(self.dora.htmx(address).text)

    def add_teachers(self, *emails: str | None, first: str = "Teacher") -> None:
        with self.database.transaction() as session:
            school = session.exec(select(School).where(School.slug == self.school)).one()
            for number, email in enumerate(emails):
                make_teacher(session, school, first, f"N{number}", email=email)

    def someone(self, arrange: Callable[[Session, School], Contact]) -> Browser:
        """Another person's browser, signed in."""
        with self.database.transaction() as session:
            school = session.exec(select(School).where(School.slug == self.school)).one()
            return Browser(self.app).sign_in(session, arrange(session, school), now=clock.now())

    def connections(self) -> list[Connection]:
        with self.database.reading() as session:
            return list(session.exec(select(Connection)))

    def tasks(self) -> list[Task]:
        with self.database.reading() as session:
            return list(session.exec(select(Task)))

    def audited(self) -> list[str]:
        with self.database.reading() as session:
            actions = session.exec(select(Audit.action).order_by(Audit.id)).all()
        return [action for action in actions if action.startswith("zoom.")]


def open_office(database: Database, settings: Settings, *, over_http: bool = False) -> Office:
    """With `over_http` the real providers speak to the addresses of the settings, and the fakes stand idle."""
    zoom, grants = FakeMeetings(), FakeGrants()
    app = create_app(settings) if over_http else make_app(settings, fake_providers(zoom, FakeMailer(), grants))
    with database.transaction() as session:
        school = make_school(session)
        dora = make_contact(session, school, "Dora", "Office", level=Level.ADMINISTRATOR, email="dora@linden.example")
        browser = Browser(app).sign_in(session, dora, now=clock.now())
        return Office(app, database, zoom, grants, school.slug, browser)


def words(html: str) -> str:
    """What a person reads, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", re.sub(r"</?bdi>", "", html))).split())


def polled(html: str) -> str:
    """The address that the Zoom part asks for by itself."""
    found = re.search(r'id="zoom" data-live hx-get="([^"]+)" hx-trigger="every', html)
    assert found, words(html)
    return unescape(found[1])
