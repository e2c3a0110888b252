"""The audit as Administrators read it, on both databases."""

from datetime import date, datetime

import pytest
from factories import make_contact, make_login, make_school, make_teacher
from sqlmodel import Session, select

from webapp.db import Database
from webapp.models import Contact, School
from webapp.services.system.audit import SYSTEM, Who, record
from webapp.services.system.audit_log import Sought, audit_page, audit_sheet

pytestmark = pytest.mark.both_databases


def deeds(session: Session, now: datetime) -> School:
    """Dora's own, hers as Folake, one of Confab itself, and one elsewhere."""
    school = make_school(session)
    dora, folake = make_contact(session, school, "Dora", "Diaz"), make_teacher(session, school)
    dora.login_id = make_login(session, dora.email or "").id
    record(session, "event.add", who=Who(dora.login_id), school_id=school.id, now=now, resources=2)
    record(session, "appointment.cancel", who=Who(dora.login_id, folake.id), school_id=school.id, now=now)
    record(session, "connection.needs_reconnect", who=SYSTEM, school_id=school.id, now=now)
    record(session, "event.add", who=Who(dora.login_id), school_id=make_school(session).id, now=now)
    return school


def test_page_and_sheet_name_both_identities(database: Database, now: datetime) -> None:
    """R32"""
    with database.transaction() as session:
        school = deeds(session, now)

    with database.reading() as session:
        page = audit_page(session, school, Sought())
        sheet = audit_sheet(session, school, Sought())

    assert [(deed.person, deed.acting_as, deed.action, deed.detail) for deed in page.deeds] == [
        ("Confab itself", "", "Connection ended by the provider", ""),
        ("Dora Diaz", "Folake Adeyemi", "Appointment cancelled", ""),
        ("Dora Diaz", "", "Event added", "resources: 2"),
    ]
    assert [row[1] for row in sheet.rows] == [deed.person for deed in page.deeds]


@pytest.mark.parametrize(
    ("sought", "number"),
    [
        (Sought(person="DORA d"), 2),
        (Sought(person="folake"), 1),
        (Sought(person="dora_d"), 0),
        (Sought(action="event.add"), 1),
        (Sought(first=date(2026, 11, 23), last=date(2026, 11, 23)), 3),
        (Sought(first=date(2026, 11, 24)), 0),
    ],
)
def test_what_is_sought_is_found(database: Database, now: datetime, sought: Sought, number: int) -> None:
    with database.transaction() as session:
        school = deeds(session, now)

    with database.reading() as session:
        assert audit_page(session, school, sought).total == number


def test_a_deed_stands_once_though_its_login_has_two_contacts_here(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        school = deeds(session, now)
        dora = session.exec(select(Contact).where(Contact.first == "Dora")).one()
        make_contact(session, school, "Theodora", login_id=dora.login_id)

    with database.reading() as session:
        page = audit_page(session, school, Sought())

    assert [deed.person for deed in page.deeds] == ["Confab itself", "Dora Diaz", "Dora Diaz"]
