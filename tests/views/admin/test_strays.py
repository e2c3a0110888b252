"""Beyond the sweep's brake the office is asked what becomes of meetings that no appointment has (RELIABILITY D6)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from app import Browser
from factories import EVENING, ZONE, make_calendar_link, make_school, stored
from online_office import Office, open_office, part, time_stands_at, words
from sqlmodel import select

from webapp.db import Database
from webapp.models import Contact, Stray, Sweep
from webapp.services.calendar.order import key_prefix
from webapp.services.system.installation import life_of


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


@pytest.fixture
def stray(office: Office) -> Stray:
    with office.arranged() as session:
        marker = f"{life_of(session)[:-1]}1-AAAA"
        place = {"school_id": office.school.id, "provider": "zoom", "host_key": office.zoom.directory[0].key}
        starts_at = EVENING.replace(tzinfo=ZoneInfo(ZONE))
        return stored(
            session,
            Stray(
                **place,
                remote_id="812",
                marker=marker,
                starts_at=starts_at,
                seen_at=office.now,
            ),
        )


def test_the_administrator_sees_whose_and_when_and_decides(office: Office, dora: Browser, stray: Stray) -> None:
    asked = part(dora.get(office.path()).text, "om-strays")
    assert "Folake Adeyemi" in asked
    assert "Thu, Dec 3, 4:00 PM" in words(asked)
    assert "812" in asked

    page = dora.post(f"{office.path()}/strays", {"stray": stray.id, "remove": "1"}, follow_redirects=True).text

    assert "They are removed within the minute." in page
    assert "om-strays" not in page
    with office.arranged() as session:
        assert session.get_one(Stray, stray.id).allowed_at >= office.now


def test_what_is_left_is_not_asked_about_again(office: Office, dora: Browser, stray: Stray) -> None:
    page = dora.post(f"{office.path()}/strays", {"stray": stray.id, "remove": "0"}, follow_redirects=True).text

    assert "They stay where they are." in page
    with office.arranged() as session:
        row = session.get_one(Stray, stray.id)
        assert (row.allowed_at, row.kept_at >= office.now) == (None, True)


def test_others_neither_see_nor_decide(office: Office, stray: Stray) -> None:
    dan = office.event_administrator(office.event)

    assert "om-strays" not in dan.get(office.path()).text
    assert dan.post(f"{office.path()}/strays", {"stray": stray.id, "remove": "1"}).status_code == 403
    with office.arranged() as session:
        assert session.get_one(Stray, stray.id).allowed_at is None


def test_the_button_makes_every_host_of_the_school_due(office: Office, dora: Browser) -> None:
    with office.arranged() as session:
        other = make_school(session)
        later = office.now + timedelta(hours=1)
        for school in (office.school, other):
            stored(session, Sweep(school_id=school.id, provider="zoom", host_key="z1", due_at=later))

    page = dora.post(f"{office.path()}/look", follow_redirects=True).text

    assert "Zoom is asked for every meeting now" in page
    with office.arranged() as session:
        due = {row.school_id: row.due_at for row in session.exec(select(Sweep))}
    assert due.pop(office.school.id) < later
    assert due == {other.id: later}


def test_with_nothing_ticked_nothing_is_said_to_be_done(office: Office, dora: Browser, stray: Stray) -> None:
    page = dora.post(f"{office.path()}/strays", {"remove": "1"}, follow_redirects=True).text

    assert "Tick at least one." in page
    assert "om-strays" in page


def test_an_entry_of_a_calendar_is_named_by_its_service(office: Office, dora: Browser, stray: Stray) -> None:
    with office.arranged() as session:
        teacher = session.exec(select(Contact).where(Contact.last == "Adeyemi")).one()
        link = make_calendar_link(session, teacher)
        marker = f"{key_prefix(life_of(session)[:-1] + '1')}0"
        place = {"school_id": office.school.id, "provider": "google", "host_key": f"{link.id} c", "remote_id": marker}
        stored(session, Stray(**place, marker=marker, starts_at=None, seen_at=office.now))

    asked = words(part(dora.get(office.path()).text, "om-strays"))

    assert "In Google, Zoom without an appointment" in asked
    assert "Remove from Google, Zoom" in asked
    assert asked.count("Folake Adeyemi") == 2
