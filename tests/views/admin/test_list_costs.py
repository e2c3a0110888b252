"""What the office's lists ask of the database does not grow with the school (issue 5)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from event_office import QUARTER, Office, open_office
from factories import EVENING, make_class, make_student
from online_office import time_stands_at
from sqlalchemy import insert
from sqlmodel import Session, select
from statements import statements

from webapp.db import Database
from webapp.models import (
    Appointment,
    Class,
    Contact,
    Enrolment,
    Event,
    EventSettings,
    Grant,
    Guardian,
    ImportRun,
    Level,
    Message,
    Resource,
    Service,
    Slot,
    Student,
)
from webapp.models.base import defaults_of, new_token

_APPOINTMENT = defaults_of(Appointment)


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def test_lists_ask_as_many_queries_at_10_as_at_1_000_and_at_10_000_rows(office: Office) -> None:
    """STYLE 28: a fixed number, whatever the length of the list."""
    with office.arranged() as session:
        folake = session.exec(select(Contact).where(Contact.first == "Folake")).one()
        mia = make_student(session, office.school)
        klass = make_class(session, office.school, folake, mia)
    pages = {
        "events": "events",
        "staff": "setup/contacts",
        "imports": "importer",
        "log": f"contacts/{office.alice.id}/log",
        "sort": f"e/{office.event.id}/teachers/sort",
        "team": f"e/{office.event.id}/t/{office.folake.id}",
        "class": f"e/{office.event.id}/classes/{klass.id}",
        "zone": f"e/{office.event.id}/zone",
        "children": f"contacts/{office.alice.id}/students",
        "parents": f"students/{mia.id}/parents",
        "access": f"contacts/{office.alice.id}/access?event={office.event.id}",
        "appointments": f"contacts/{office.alice.id}/appointments",
        "child's appointments": f"students/{mia.id}/appointments",
        "services": f"e/{office.event.id}/settings/services",
    }
    looked = {
        "child": (f"contacts/{office.alice.id}/students/find", {"words": "many"}),
        "parent": (f"students/{mia.id}/parents/find", {"words": "pat", "page": "2"}),
        "grant": (f"contacts/{office.alice.id}/access/find", {"of": "grants", "words": "many"}),
        "find": (f"e/{office.event.id}/teachers/add/find", {"last": "many"}),
    }
    asked: dict[str, set[int]] = {name: set() for name in [*pages, *looked]}

    for number in (10, 990, 9_000):
        with office.arranged() as session:
            _grow(session, office, klass, number)
            _tie_family(session, office, mia)
            _book(session, office, mia)
        for name, path in pages.items():
            asked[name].add(_cost(office, path))
        for name, (path, typed) in looked.items():
            asked[name].add(_cost(office, path, typed))

    assert len(office.all(Student)) == 10_001
    assert len(office.all(Appointment)) == 10_000
    assert {name: counts for name, counts in asked.items() if len(counts) > 1} == {}


def _cost(office: Office, path: str, typed: dict[str, str] | None = None) -> int:
    address = f"{office.base}/{path}"
    with statements(office.app) as sent:
        answer = office.dora.post(address, typed) if typed else office.dora.get(address)
    assert answer.status_code == 200, path
    return len(sent)


def _grow(session: Session, office: Office, klass: Class, number: int) -> None:
    """So many more of each: staff, students, schedules, events, mails, imports."""
    ours: dict[str, Any] = {"school_id": office.school.id}
    made = {"created_at": office.now}
    tokens = [new_token() for _ in range(number)]
    person = ours | made | {"first": "Pat", "last": "Many", "level": Level.VIEWER, "room": "", "virtual_room": ""}
    _add(session, Contact, [person | {"token": t, "email": f"{t.lower()}@linden.example"} for t in tokens])
    pupil = ours | {"first": "Ada", "last": "Many", "security_value": "", "grade": ""}
    _add(session, Student, [pupil | {"token": t, "student_ref": t} for t in tokens])
    round_ = (
        ours | made | {"name": "Many", "zone": "America/Chicago", "date_label": "", "location": "", "description": ""}
    )
    _add(session, Event, [round_ | {"slug": t.lower(), "type": "pta"} for t in tokens])
    schedule = ours | {"event_id": office.event.id, "name": "Many", "room": "", "virtual_room": "", "group_name": ""}
    _add(session, Resource, [schedule | {"token": t} for t in tokens])
    mail = ours | made | {"contact_id": office.alice.id, "kind": "office_mail", "recipient": "a@mail.example"}
    _add(session, Message, [mail | {"dedupe_key": t, "message_id": t} for t in tokens])
    _add(session, ImportRun, [ours | made | {"filename": "many.txt"} for _ in tokens])
    _tie(session, office, klass)


def _tie(session: Session, office: Office, klass: Class) -> None:
    """The new students to the class, and settings to the new events."""
    ours = {"school_id": office.school.id}
    students = session.exec(select(Student.id).where(Student.id.not_in(select(Enrolment.student_id)))).all()  # type: ignore[union-attr]
    _add(session, Enrolment, [ours | {"class_id": klass.id, "student_id": one} for one in students])
    events = session.exec(select(Event.id).where(Event.id.not_in(select(EventSettings.event_id)))).all()  # type: ignore[union-attr]
    _add(session, EventSettings, [ours | {"event_id": one} for one in events])


def _tie_family(session: Session, office: Office, mia: Student) -> None:
    """All students to Alice, all staff to Mia, and to Alice whatever there is to be granted."""
    ours, alice = {"school_id": office.school.id}, {"contact_id": office.alice.id}
    both = {"student_id": mia.id} | alice
    known = set(session.exec(select(Guardian.contact_id, Guardian.student_id)))
    pairs = [alice | {"student_id": one} for one in session.exec(select(Student.id))]
    pairs += [both | {"contact_id": one} for one in session.exec(select(Contact.id).where(Contact.level > 0))]
    new = [ours | pair for pair in pairs if (pair["contact_id"], pair["student_id"]) not in known]
    _add(session, Guardian, new)
    granted = select(Grant.resource_id).where(Grant.resource_id.is_not(None))  # type: ignore[union-attr]
    resources = session.exec(select(Resource.id).where(Resource.id.not_in(granted))).all()  # type: ignore[union-attr]
    _add(session, Grant, [ours | alice | {"resource_id": one} for one in resources])


def _book(session: Session, office: Office, mia: Student) -> None:
    """An appointment of Alice's for Mia with each new schedule, and a service for each."""
    ours = {"school_id": office.school.id, "event_id": office.event.id}
    booked = select(Slot.resource_id)
    new = session.exec(select(Resource.id).where(Resource.name == "Many", Resource.id.not_in(booked))).all()  # type: ignore[union-attr]
    begins = EVENING.replace(tzinfo=UTC)
    at = {"starts_at": begins, "ends_at": begins + QUARTER, "wall_start": "2026-12-03T16:00"}
    slot = ours | at | {"capacity": 1, "kind": "P", "visibility": "visible", "message": "", "version": 0}
    _add(session, Slot, [slot | {"resource_id": one, "token": new_token()} for one in new])
    slots = session.exec(select(Slot.id, Slot.resource_id).where(Slot.resource_id.in_(new))).all()  # type: ignore[attr-defined]
    family = {"contact_id": office.alice.id, "student_id": mia.id, "child_key": f"s{mia.id}", "booked_at": office.now}
    rows = [
        ours | family | {"slot_id": number, "resource_id": one, "token": new_token(), "act": new_token()}
        for number, one in slots
    ]
    _add(session, Appointment, [_APPOINTMENT | row for row in rows])
    _add(session, Service, [ours | {"name": f"Many {one}"} for one in new])


def _add(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    session.execute(insert(table), rows)
