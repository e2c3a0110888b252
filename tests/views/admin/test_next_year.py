"""Next year's event from last year's: as the office does it, page by page, until families can book."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import stored
from online_office import time_stands_at

from webapp.db import Database
from webapp.models import Event, EventSettings, Resource, Service, Slot


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def test_next_years_event_is_made_from_last_years_and_opened(office: Office) -> None:
    """PRODUCT 3.1, R20: settings, teachers, rooms and services come along; provider, times and bookings do not."""
    office.set(provider="zoom", shows_appointment_type=True)
    with office.arranged() as session:
        session.get_one(Resource, office.hugh.id).room = "9"
        stored(session, Service(school_id=office.school.id, event_id=office.event.id, name="Progress"))
    office.booked(office.slots(office.folake, 2)[0])
    add = f"{office.base}/events/add?template={office.event.id}"
    typed = {"name": "Fall Conferences 2027", "zone": "America/Chicago", "teachers": "template", "slug": "fall-2027"}

    made = office.dora.post(
        f"{office.base}/events/add", typed | {"template": str(office.event.id), "key": office.dora.key(add)}
    )
    event = next(row for row in office.all(Event) if row.slug == "fall-2027")
    last, office.event = office.event, event
    office.dora.post(office.path("details"), {"name": event.name, "date_label": "December 2 and 3", "location": "Gym"})
    created = office.do("create", kind="V")
    office.dora.post(office.path("settings/ui-setup"), {"opens_at": "2026-11-01T08:00"})

    landing = Browser(office.app).get(f"/{office.school.slug}/fall-2027/")
    settings = next(row for row in office.all(EventSettings) if row.event_id == event.id)
    mine = [slot for slot in office.all(Slot) if slot.event_id == event.id]
    rooms = {row.name: row.room for row in office.all(Resource) if row.event_id == event.id}
    assert (made.status_code, created.status_code, landing.status_code) == (303, 303, 200)
    assert (settings.provider, settings.shows_appointment_type) == (None, True)
    assert rooms == {"Folake Adeyemi": "112", "Hugh Barlow": "9"}
    assert {slot.kind for slot in mine} == {"V"}
    assert len(mine) == 8
    assert sum(row.name == "Progress" for row in office.all(Service)) == 2
    assert "Fall Conferences 2027" in words(landing.text)
    assert office.dora.get(office.path(event=last)).status_code == 200
