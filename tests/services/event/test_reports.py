"""Reports on both databases: each runs, in every order, and is of one moment however many book meanwhile."""

from datetime import datetime, timedelta

import pytest
from factories import (
    EVENING,
    make_appointment,
    make_class,
    make_contact,
    make_event,
    make_guardian,
    make_resource,
    make_school,
    make_slot,
    make_student,
    make_teacher,
)
from sqlmodel import Session

from webapp.db import Database
from webapp.documents.sheet import Sheet
from webapp.models import Contact, Event, Resource
from webapp.services.event.report_table import Ask
from webapp.services.event.reports import REPORTS, table_of

pytestmark = pytest.mark.both_databases


def evening(session: Session, now: datetime) -> tuple[Event, Resource, Contact]:
    """Mia's mother booked nothing; of Folake's times one is free, one booked, one cancelled, one booked online."""
    school = make_school(session)
    event, folake = make_event(session, school), make_teacher(session, school)
    resource, alice = make_resource(session, event, folake), make_contact(session, school)
    mia = make_student(session, school)
    make_class(session, school, folake, mia)
    make_guardian(session, make_contact(session, school, "Mary"), mia)
    make_slot(session, resource, at=EVENING - timedelta(hours=1))
    for n, values in enumerate(({}, {"cancelled_at": now}, {"is_virtual": True})):
        make_appointment(session, make_slot(session, resource, at=EVENING + timedelta(hours=n)), alice, **values)
    return event, resource, alice


def sheets(session: Session, event: Event, now: datetime, sort: str = "") -> dict[str, Sheet]:
    ask = Ask(event, now, sort=sort)
    return {name: table_of(session, report, ask).sheet() for name, report in REPORTS.items()}


def test_each_report_has_its_rows_in_any_order(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        event, resource, _ = evening(session, now)

    with database.reading() as session:
        found = sheets(session, event, now)
        for name, report in REPORTS.items():
            for column in report.columns.split():
                ask = Ask(event, now, resource_id=resource.id, sort=f"-{column}")
                assert sorted(table_of(session, report, ask).sheet().rows) == sorted(found[name].rows)

    assert {name: len(sheet.rows) for name, sheet in found.items()} == {
        "teachers-schedule": 2,
        "master-schedule": 2,
        "parents-schedule": 2,
        "by-room": 1,
        "parents-without-appointments": 1,
        "open-slots": 2,
        "cancelled-appointments": 1,
        "meeting-links": 1,
    }


def test_a_file_is_of_one_moment_though_families_book_while_it_is_made(database: Database, now: datetime) -> None:
    """OUT-004"""
    with database.transaction() as session:
        event, resource, alice = evening(session, now)

    with database.reading() as session:
        before = sheets(session, event, now)
        with database.transaction() as other:
            slot = make_slot(other, resource, at=EVENING + timedelta(hours=5))
            make_appointment(other, slot, alice, is_virtual=True)
        meanwhile = sheets(session, event, now)
    with database.reading() as session:
        after = sheets(session, event, now)

    assert meanwhile == before
    assert len(after["master-schedule"].rows) == len(before["master-schedule"].rows) + 1
