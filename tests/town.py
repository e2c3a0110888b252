"""Fill every address of the application: two schools with an evening each, and somebody of every kind."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from factories import make_contact, make_guardian, make_student, stored
from fakes import FakeGrants, make_tokens
from flask import Flask
from households import Households, play, settle
from importer_desk import STUDENTS
from routes import methods
from sqlalchemy import func, select
from sqlmodel import Session, col
from werkzeug.routing import IntegerConverter, Map, Rule

from webapp import clock
from webapp.db import Database
from webapp.models import (
    Appointment,
    Class,
    Connection,
    Contact,
    Grant,
    Level,
    Message,
    ResourceMember,
    School,
    Service,
    Student,
    Task,
)
from webapp.services.booking.bulk import KIND as APPOINTMENTS
from webapp.services.event.slots_task import KIND as SLOTS
from webapp.services.people.logo import save_logo
from webapp.services.roster.import_run import dry_run, keep_upload
from webapp.services.system.audit import SYSTEM
from webapp.services.system.tokens import close_tokens

CREATED = {"dates": ["2026-12-03"], "from_time": "16:00", "to_time": "17:00", "duration": 15}


@dataclass
class Place:
    """What the parts of an address can name in one school."""

    school: str
    event: int
    event_slug: str
    appointment: int
    token: str
    act: str
    slot: int
    resource: int
    contact_id: int
    student: int
    run: int
    service: int
    task: int
    slots_task: int
    message: int
    digest: str
    class_id: int
    child: str

    def values(self, rule: Rule) -> dict[str, Any]:
        """For each part of the rule one that is there."""
        takes_numbers = isinstance(rule._converters.get("event"), IntegerConverter)
        known = vars(self) | {"deed": "create", "cell": "vr", "kind": "parent", "filename": "app.css", "topic": "zoom"}
        known["secret"] = "f" * 40  # no feed has it: asking one is counted (views/test_feed.py)
        known |= {"report": "master-schedule", "form": "csv", "step": "add", "provider": "google"}
        known["kind"] = "confirmation" if "notifications" in str(rule) else "parent"
        known["event"] = self.event if takes_numbers else self.event_slug
        if unknown := rule.arguments - known.keys():
            pytest.fail(
                f"{rule}: nothing is known to put for {sorted(unknown)}. Give Place in tests/town.py a field of that "
                "name and fill it for both schools in _place, or, if it names no row, a word in Place.values."
            )
        return {name: known[name] for name in rule.arguments}


@dataclass
class Town:
    homes: Households
    here: Place
    elsewhere: Place
    staff: dict[Level, Contact]
    granted: dict[Level, Contact]
    """An Event Administrator with the event, a Resource Administrator with Folake, a Maker who teaches with
    her; those in `staff` have nothing."""
    not_granted: Place
    """`here`, but of another teacher."""
    stranger: Contact
    """The other school's Administrator."""

    @property
    def app(self) -> Flask:
        return self.homes.app

    def address(self, rule: Rule, place: Place | None = None, **more: Any) -> str:
        values = (place or self.here).values(rule) | more
        map_: Map = self.app.url_map
        return map_.bind("localhost").build(rule.endpoint, values, method=methods(rule)[0])

    def signed_in(self, contact: Contact) -> Browser:
        """A browser of its own: what one test does with its sign-in is nothing to the next."""
        browser = Browser(self.app)
        with self.homes.database.transaction() as session:
            browser.sign_in(session, session.get_one(Contact, contact.id), now=clock.now())
        return browser

    def dora(self) -> Browser:
        return self.signed_in(self.homes.people["dora"])

    def alice(self) -> Browser:
        """A parent, whose appointment `here` names."""
        return self.signed_in(self.homes.people["alice"])


def build_town(database: Database, *, now: datetime) -> Town:
    homes = play(database, now=now, new_accounts=True)
    homes.app.extensions["confab"].providers.grants["zoom"] = FakeGrants()
    with database.transaction() as session:
        other = settle(session, homes.app, database, homes.meetings, homes.mailer, now=now)
        for one in (homes, other):
            _let_dora_book(session, one)
            _connect(session, one)
            save_logo(session, one.school, f"the picture of {one.school.slug}".encode(), who=SYSTEM, now=now)
        staff = {level: _colleague(session, homes, level) for level in Level if level < Level.ADMINISTRATOR}
        staff[Level.ADMINISTRATOR] = homes.people["dora"]
        granted = {
            Level.MAKER: _teaching(session, homes, Level.MAKER),
            Level.EVENT_ADMINISTRATOR: _granted(session, homes, Level.EVENT_ADMINISTRATOR, event_id=homes.event.id),
            Level.RESOURCE_ADMINISTRATOR: _granted(
                session, homes, Level.RESOURCE_ADMINISTRATOR, resource_id=homes.teachers["Folake"].id
            ),
        }
        runs = [_run(session, one, now) for one in (homes, other)]
    for one in (homes, other):
        one.booked("alice", one.pick("mia", "Folake", 0, "V"))
    of_jonas = homes.booked("alice", homes.pick("leo", "Jonas", 1))
    places = [_place(database, one, run) for one, run in zip((homes, other), runs, strict=True)]
    jonas = {"resource": homes.teachers["Jonas"].id or 0, "slot": homes.slots["Jonas"][1].id or 0}
    not_granted = replace(places[0], appointment=of_jonas.id or 0, **jonas)
    return Town(homes, places[0], places[1], staff, granted, not_granted, other.people["dora"])


def _colleague(session: Session, homes: Households, level: Level) -> Contact:
    return make_contact(session, homes.school, "Bob", level.name.title(), level=level)


def _granted(session: Session, homes: Households, level: Level, **what: int | None) -> Contact:
    contact = _colleague(session, homes, level)
    stored(session, Grant(school_id=contact.school_id, contact_id=contact.id or 0, **what))
    return contact


def _teaching(session: Session, homes: Households, level: Level) -> Contact:
    """Together with Folake."""
    contact, resource = _colleague(session, homes, level), homes.teachers["Folake"].id or 0
    member = {"resource_id": resource, "contact_id": contact.id or 0, "position": 9}
    stored(session, ResourceMember(school_id=contact.school_id, **member))
    return contact


def _let_dora_book(session: Session, homes: Households) -> None:
    """The office is somebody's parent too: her pages for families have something on them."""
    make_guardian(session, homes.people["dora"], make_student(session, homes.school, "Finn", "Diaz"))


def _connect(session: Session, homes: Households) -> None:
    connection = session.execute(select(Connection).where(col(Connection.school_id) == homes.school.id)).scalar_one()
    close_tokens(session, connection, make_tokens())


def _run(session: Session, homes: Households, now: datetime) -> int:
    files = {"students.txt": STUDENTS.replace("|", "\t").encode()}
    report = dry_run(session, homes.school, files, now=now)
    return keep_upload(session, homes.school, homes.people["dora"], files, report, now=now).id or 0


def _place(database: Database, homes: Households, run: int) -> Place:
    with database.transaction() as session:
        event = homes.event
        service = (
            stored(session, Service(school_id=event.school_id, event_id=event.id or 0, name="Report card")).id or 0
        )
        query = select(Appointment).where(col(Appointment.school_id) == homes.school.id).order_by(col(Appointment.id))
        booked = session.execute(query).scalars().first()
        named = select(Contact).where(col(Contact.school_id) == homes.school.id, col(Contact.first) == "Folake")
        folake = session.execute(named).scalar_one()
        klass = select(func.max(Class.id)).where(col(Class.school_id) == homes.school.id)
        class_id = session.execute(klass).scalar_one()
        digest = session.get_one(School, homes.school.id).logo_digest
        student = session.execute(
            select(func.max(Student.id)).where(col(Student.school_id) == homes.school.id)
        ).scalar_one()
    assert booked
    return Place(
        school=homes.school.slug,
        event=homes.event.id or 0,
        event_slug=homes.event.slug,
        appointment=booked.id or 0,
        token=booked.token,
        act=booked.act,
        slot=homes.slots["Folake"][0].id or 0,
        resource=homes.teachers["Folake"].id or 0,
        contact_id=folake.id or 0,
        student=student,
        run=run,
        service=service,
        task=_task(database, homes, APPOINTMENTS, {"deed": "confirm", "appointments": []}),
        slots_task=_task(database, homes, SLOTS, {"event": homes.event.id, "deed": "create", "typed": CREATED}),
        message=_message(database, homes),
        digest=digest,
        class_id=class_id,
        child=homes.children["mia"].token,
    )


def _task(database: Database, homes: Households, kind: str, arguments: dict[str, object]) -> int:
    """Work that somebody of the school watched, and that is done."""
    with database.transaction() as session:
        known = {"arguments": json.dumps(arguments), "created_at": clock.now()}
        row = Task(school_id=homes.school.id or 0, kind=kind, **known)
        return stored(session, row).id or 0


def _message(database: Database, homes: Households) -> int:
    """A mail that was given up."""
    with database.transaction() as session:
        key = f"given up at {homes.school.slug}"
        known = {"kind": "confirmation", "recipient": "nobody@mail.example", "dedupe_key": key, "message_id": key}
        known |= {"problem": "No", "school_id": homes.school.id}
        return stored(session, Message(**known, created_at=clock.now(), problem_at=clock.now())).id or 0
