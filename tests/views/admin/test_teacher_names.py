"""A teacher's name that is corrected, wherever that is done, is corrected in every event."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from app import Browser
from event_office import Office, open_office
from factories import make_event, make_resource
from importer_desk import Desk
from online_office import time_stands_at
from sqlmodel import Session, select

from jobs.link_sync import sync_links
from webapp.db import Database
from webapp.models import Contact, Event, School


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def teacher(session: Session, first: str = "Folake") -> Contact:
    return session.exec(select(Contact).where(Contact.first == first)).one()


def by_contacts(office: Office) -> int:
    with office.database.reading() as session:
        folake = teacher(session)
    typed = {"first": "Fola", "last": "Adeyemi-Okafor", "email": folake.email, "teacher_ref": folake.teacher_ref}
    return int(office.dora.post(f"{office.base}/contacts/{folake.id}", typed).status_code)


def by_profile(office: Office) -> int:
    with office.arranged() as session:
        folake = Browser(office.app).sign_in(session, teacher(session), now=office.now)
    return int(folake.post(f"{office.base}/profile", {"first": "Fola", "last": "Adeyemi-Okafor"}).status_code)


def by_import(office: Office) -> int:
    with office.database.reading() as session:
        ref = teacher(session).teacher_ref
    desk = Desk(office.app, office.database, office.school, office.dora)
    head = "TeacherID|First|Last|Email|Room"
    row = f"{ref}|Fola|Adeyemi-Okafor|fola@linden.example|112"
    return int(desk.apply(desk.dry_run(("Teacher.txt", f"{head}\n{row}\n")), same="all").status_code)


@pytest.mark.parametrize("correct", [by_contacts, by_profile, by_import])
def test_a_corrected_name_reaches_events_and_meetings(office: Office, correct: Callable[[Office], int]) -> None:
    """PRODUCT 3.2; a team is called after all of its teachers."""
    with office.arranged() as session:
        event, hugh = session.get_one(Event, office.event.id), teacher(session, "Hugh")
        team = make_resource(session, event, hugh, teacher(session), name="Hugh Barlow, Folake Adeyemi")
    office.set(provider="zoom")
    [slot] = office.slots(office.folake, 1, kind="V", day=1)
    office.booked(slot)
    sync_links(office.app)

    answer = correct(office)
    sync_links(office.app)

    assert answer == 303
    named = [office.again(one).name for one in (office.folake, team, office.hugh)]
    assert named == ["Fola Adeyemi-Okafor", "Hugh Barlow, Fola Adeyemi-Okafor", "Hugh Barlow"]
    assert "Fola Adeyemi-Okafor" in office.dora.get(office.path()).text
    assert [one.topic for one in office.zoom.meetings.values()] == ["Fola Adeyemi-Okafor, Fall Conferences 2026"]


def test_what_the_school_called_otherwise_keeps_its_name(office: Office) -> None:
    with office.arranged() as session:
        other = make_resource(session, make_event(session, office.school), teacher(session), name="Learning Support")

    by_contacts(office)

    assert (office.again(other).name, office.again(office.folake).name) == ("Learning Support", "Fola Adeyemi-Okafor")


def test_names_are_written_in_the_order_of_the_school(office: Office) -> None:
    with office.arranged() as session:
        session.get_one(School, office.school.id).names_last_first = True
        swapped = make_resource(session, make_event(session, office.school), teacher(session), name="Adeyemi, Folake")

    by_import(office)

    assert office.again(swapped).name == "Adeyemi-Okafor, Fola"
