"""Rooms and links of a Teacher file reach the events that are there already, and never what somebody typed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from event_office import Office, cell, open_office, words
from factories import EVENING, make_calendar_link, make_event, make_resource, make_slot
from importer_desk import Desk, row_of
from online_office import time_stands_at
from sqlmodel import select

from jobs.calendar_export import export_entries
from jobs.link_sync import sync_links
from webapp.db import Database
from webapp.models import Audit, Contact, Event, Resource, ResourceMember

LINK, OTHER = "https://meet.linden.example/adeyemi", "https://meet.linden.example/new"
HEAD = "TeacherID|First|Last|Email|Room|VirtualRoom\n"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    """Folake's rooms here came from an import: Room 112, no link."""
    with time_stands_at(now):
        opened = open_office(database, now)
        with opened.arranged() as session:
            folake, hugh = (session.exec(select(Contact).where(Contact.first == n)).one() for n in ("Folake", "Hugh"))
            folake.teacher_ref, folake.room, hugh.teacher_ref = "T1", "112", "T2"
        yield opened


def desk(office: Office) -> Desk:
    return Desk(office.app, office.database, office.school, office.dora)


def row(*, room: str = "112", link: str = LINK) -> str:
    return f"{HEAD}T1|Folake|Adeyemi|f.adeyemi@linden.example|{room}|{link}\n"


def taught(office: Office, *, day: int, **values: str) -> Resource:
    """Folake's, of another event so many days after Thursday."""
    with office.arranged() as session:
        folake = session.exec(select(Contact).where(Contact.teacher_ref == "T1")).one()
        resource = make_resource(session, make_event(session, office.school), folake, **values)
        make_slot(session, resource, at=EVENING + timedelta(days=day), kind="V")
        return resource


def test_a_link_that_is_imported_late_fills_the_cell_and_serves_who_has_booked(office: Office) -> None:
    """R47, R49: the event and its teachers are there, a family has booked, and a calendar is linked."""
    with office.arranged() as session:
        member = session.exec(select(ResourceMember).where(ResourceMember.resource_id == office.folake.id)).one()
        make_calendar_link(
            session, session.get_one(Contact, member.contact_id), calendar_id="main", saved_at=office.now
        )
    [slot] = office.slots(office.folake, 1, kind="V", day=1)
    appointment = office.booked(slot)
    export_entries(office.app)
    sync_links(office.app)

    address = desk(office).dry_run(("Teacher.txt", row()))
    before, tried = office.again(office.folake), office.dora.get(address).text
    applied = desk(office).apply(address)
    export_entries(office.app)

    assert (before.virtual_room, applied.status_code) == ("", 303)
    assert row_of(tried, "Rooms and links in coming events") == ["0", "1"]
    assert "Changed Rooms and links in coming events Folake Adeyemi – Fall Conferences 2026: VirtualRoom" in words(
        tried
    )
    assert row_of(office.dora.get(address).text, "Rooms and links in coming events") == ["0", "1"]
    assert f'title="{LINK}"' in cell(office.dora.get(office.path()).text, f"vr-{office.folake.id}")
    assert LINK in office.dora.get(office.path(f"a/{appointment.id}")).text
    assert [entry.order.location for entry in office.calendars.standing()] == [LINK]
    assert "resource.virtual_room" in {deed.action for deed in office.all(Audit)}


def test_a_cell_follows_its_import_until_somebody_types_in_it(office: Office) -> None:
    """RELIABILITY I18"""
    typed = taught(office, day=2, room="Lab 2", virtual_room="https://meet.linden.example/typed")
    copied = taught(office, day=3, virtual_room=LINK)
    desk(office).apply(desk(office).dry_run(("Teacher.txt", row())))

    desk(office).apply(desk(office).dry_run(("Teacher.txt", row(room="Gym", link=OTHER))))

    cells = [(it.room, it.virtual_room) for it in map(office.again, (office.folake, typed, copied))]
    assert cells == [("Gym", OTHER), ("Lab 2", "https://meet.linden.example/typed"), ("Gym", OTHER)]


def test_what_is_over_or_deleted_and_another_teachers_stay_as_they_are(office: Office) -> None:
    over, gone = taught(office, day=-30), taught(office, day=2)
    with office.arranged() as session:
        session.get_one(Event, gone.event_id).deleted_at = office.now

    address = desk(office).dry_run(("Teacher.txt", row()))
    desk(office).apply(address)

    assert row_of(office.dora.get(address).text, "Rooms and links in coming events") == ["0", "1"]
    assert [office.again(it).virtual_room for it in (over, gone, office.hugh)] == ["", "", ""]


def test_a_team_meets_where_its_first_teacher_does(office: Office) -> None:
    with office.arranged() as session:
        folake, hugh = (session.exec(select(Contact).where(Contact.teacher_ref == ref)).one() for ref in ("T1", "T2"))
        event = session.get_one(Event, office.event.id)
        led, joined = make_resource(session, event, folake, hugh), make_resource(session, event, hugh, folake)

    desk(office).apply(desk(office).dry_run(("Teacher.txt", row())))

    assert [office.again(it).virtual_room for it in (led, joined)] == [LINK, ""]
