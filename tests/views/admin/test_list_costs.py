"""What the office's lists ask of the database does not grow with the school (issue 5)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from event_office import Office, open_office
from factories import make_class
from online_office import time_stands_at
from sqlalchemy import insert
from sqlmodel import Session, select
from statements import statements

from webapp.db import Database
from webapp.models import (
    Class,
    Contact,
    Enrolment,
    Event,
    EventSettings,
    ImportRun,
    Level,
    Message,
    Resource,
    Student,
)
from webapp.models.base import new_token


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def test_lists_ask_as_many_queries_at_10_as_at_1_000_and_at_10_000_rows(office: Office) -> None:
    """STYLE 28: a fixed number, whatever the length of the list."""
    with office.arranged() as session:
        folake = session.exec(select(Contact).where(Contact.first == "Folake")).one()
        klass = make_class(session, office.school, folake)
    pages = {
        "events": "events",
        "staff": "setup/contacts",
        "imports": "importer",
        "log": f"contacts/{office.alice.id}/log",
        "sort": f"e/{office.event.id}/teachers/sort",
        "team": f"e/{office.event.id}/t/{office.folake.id}",
        "class": f"e/{office.event.id}/classes/{klass.id}",
        "zone": f"e/{office.event.id}/zone",
    }
    asked: dict[str, set[int]] = {name: set() for name in [*pages, "find"]}

    for number in (10, 990, 9_000):
        with office.arranged() as session:
            _grow(session, office, klass, number)
        for name, path in pages.items():
            asked[name].add(_cost(office, path))
        asked["find"].add(_cost(office, f"e/{office.event.id}/teachers/add/find", {"last": "many"}))

    assert len(office.all(Student)) == 10_000
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


def _add(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    session.execute(insert(table), rows)
