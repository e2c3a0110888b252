"""Settings of one event: availability, the provider, the appointment type."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import (
    EVENING,
    make_appointment,
    make_connection,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from pydantic import ValidationError
from sqlmodel import Session, select
from threads import until_somebody_waits

from webapp.db import Database
from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.models import Appointment, Audit, Contact, Event, EventSettings, Meeting, School, Slot
from webapp.models.system.wished import ABSENT, PRESENT
from webapp.services.event.events import settings_of
from webapp.services.event.settings import UiSetupInput, future_appointments, save_ui_setup, save_vendor_ui_setup
from webapp.services.system.audit import SYSTEM


def save(session: Session, event: Event, now: datetime, **typed: Any) -> EventSettings:
    return save_ui_setup(session, event, UiSetupInput.model_validate(typed), who=SYSTEM, now=now)


def make_online_evening(session: Session, school: School, teacher: Contact, **settings: Any) -> Event:
    """An event of the teacher with one virtual appointment ahead and one that is over."""
    event = make_event(session, school, settings=settings)
    resource = make_resource(session, event, teacher)
    parent = make_contact(session, school)
    make_appointment(session, make_slot(session, resource, kind="V"), parent)
    past = make_slot(session, resource, kind="V", at=EVENING - timedelta(days=30))
    make_appointment(session, past, parent)
    return event


def test_times_are_kept_as_instants_of_the_events_zone(session: Session, now: datetime) -> None:
    event = make_event(session, make_school(session))

    save(session, event, now, opens_at="2026-11-23T08:00", closes_at="2026-12-02T20:00", admins_may_preview=True)

    settings = settings_of(session, event)
    assert settings.opens_at == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert settings.closes_at == datetime(2026, 12, 3, 2, 0, tzinfo=UTC)
    assert settings.admins_may_preview
    assert settings.is_open(now)


def test_blank_times_mean_not_open_yet_and_open_end(session: Session, now: datetime) -> None:
    event = make_event(session, make_school(session))

    save(session, event, now)

    settings = settings_of(session, event)
    assert (settings.opens_at, settings.closes_at) == (None, None)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"opens_at": "2026-12-02T20:00", "closes_at": "2026-12-02T20:00"}, "closes_at"),  # ADMIN-003
        ({"opens_at": "2026-12-02T20:00", "closes_at": "2026-11-01T20:00"}, "closes_at"),
        ({"opens_at": "2026-03-08T02:30"}, "opens_at"),
        ({"closes_at": "2027-03-14T02:30"}, "closes_at"),
        ({"opens_at": "soon"}, "opens_at"),
    ],
)
def test_times_that_cannot_be_are_refused_at_their_field(
    session: Session, now: datetime, typed: dict[str, str], field: str
) -> None:
    event = make_event(session, make_school(session))
    before = settings_of(session, event).model_dump()

    with pytest.raises(Invalid) as caught:
        save(session, event, now, **typed)

    assert caught.value.field == field
    assert settings_of(session, event).model_dump() == before


def test_of_a_time_that_comes_twice_the_earlier_is_kept(session: Session, now: datetime) -> None:
    event = make_event(session, make_school(session))

    save(session, event, now, closes_at="2026-11-01T01:30")

    assert settings_of(session, event).closes_at == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_changing_to_zoom_is_refused_while_it_is_not_connected(session: Session, now: datetime) -> None:
    """R21: refused, with a pointer to Integration Options."""
    school = make_school(session)
    event = make_event(session, school)
    make_connection(session, school, disconnected_at=now)
    make_connection(session, make_school(session))  # of another school

    with pytest.raises(Invalid) as caught:
        save(session, event, now, provider="zoom")

    assert caught.value.field == "provider"
    assert "Integration Options" in sentence(caught.value)
    assert settings_of(session, event).provider is None


def test_an_event_that_has_zoom_keeps_it_while_it_is_not_connected(session: Session, now: datetime) -> None:
    """R21: only changing the value to Zoom is refused."""
    event = make_event(session, make_school(session), settings={"provider": "zoom"})

    save(session, event, now, provider="zoom", closes_at="2026-12-02T20:00")

    assert settings_of(session, event).provider == "zoom"
    assert settings_of(session, event).closes_at is not None


def test_zoom_on_makes_meetings_for_future_appointments_of_this_event_only(session: Session, now: datetime) -> None:
    """R19, R24: activating for one event leaves the others alone."""
    school = make_school(session)
    teacher = make_teacher(session, school)
    make_connection(session, school)
    make_host(session, teacher)
    chosen = make_online_evening(session, school, teacher)
    other = make_online_evening(session, school, teacher)

    save(session, chosen, now, provider="zoom")

    meeting = session.exec(select(Meeting)).one()
    assert (meeting.wish, meeting.due_at) == (PRESENT, now)
    assert settings_of(session, other).provider is None
    assert "meeting" in session.info["topics"]


def test_only_what_stands_and_is_not_over_is_followed(session: Session, now: datetime) -> None:
    school = make_school(session)
    teacher = make_teacher(session, school)
    event = make_online_evening(session, school, teacher)
    other = make_online_evening(session, school, teacher)
    resource = make_resource(session, event, teacher)
    make_appointment(session, make_slot(session, resource), make_contact(session, school), cancelled_at=now)

    [ahead] = future_appointments(session, event, now=now)
    [others] = future_appointments(session, other, now=now)

    assert session.get_one(Slot, session.get_one(Appointment, ahead).slot_id).ends_at > now
    assert session.get_one(Appointment, others).event_id == other.id


def test_zoom_off_takes_the_meetings_away_again(session: Session, now: datetime) -> None:
    """R20: empty is the integration off."""
    school = make_school(session)
    teacher = make_teacher(session, school)
    make_connection(session, school)
    make_host(session, teacher)
    event = make_online_evening(session, school, teacher)
    save(session, event, now, provider="zoom")

    save(session, event, now, provider="")

    assert session.exec(select(Meeting)).one().wish == ABSENT
    assert settings_of(session, event).provider is None


def test_no_other_provider_can_be_named() -> None:
    with pytest.raises(ValidationError):
        UiSetupInput(provider="skype")


def test_the_appointment_type_is_switched_for_one_event(session: Session, now: datetime) -> None:
    """R43, R44: the checkbox of Vendor UI Setup."""
    school = make_school(session)
    chosen, other = make_event(session, school), make_event(session, school)

    save_vendor_ui_setup(session, chosen, shows_appointment_type=True, who=SYSTEM, now=now)

    assert settings_of(session, chosen).shows_appointment_type
    assert not settings_of(session, other).shows_appointment_type


def test_the_audit_says_what_was_changed(session: Session, now: datetime) -> None:
    event = make_event(session, make_school(session))

    save(session, event, now)
    save_vendor_ui_setup(session, event, shows_appointment_type=True, who=SYSTEM, now=now)

    rows = session.exec(select(Audit).order_by(Audit.id)).all()  # type: ignore[arg-type]
    assert [(row.action, row.subject) for row in rows] == [
        ("event.ui_setup", f"event {event.id}"),
        ("event.vendor_ui_setup", f"event {event.id}"),
    ]


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_new_address_waits_for_an_import_and_no_booking_waits_for_it(database: Database, now: datetime) -> None:
    """Whoever locks both has the school before its events' settings: an import holds it until it ends."""
    with database.transaction() as session:
        event = make_event(session, make_school(session))
    form = UiSetupInput(slug="another-address")

    def save() -> None:
        with database.transaction() as session:
            save_ui_setup(session, session.get_one(Event, event.id), form, who=SYSTEM, now=now)

    with ThreadPoolExecutor(1) as pool, Session(database.engine) as importing, Session(database.engine) as booking:
        importing.execute(select(School).where(School.id == event.school_id).with_for_update(key_share=True))
        saved = pool.submit(save)
        until_somebody_waits(database)
        settings = select(EventSettings).where(EventSettings.event_id == event.id)
        booking.execute(settings.with_for_update(nowait=True)).all()
        booking.rollback()
        importing.rollback()
        saved.result()

    with database.reading() as session:
        assert session.get_one(Event, event.id).slug == "another-address"
