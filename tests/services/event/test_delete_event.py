"""What goes with a deleted event, what stays, and what comes back with it."""

from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_event
from outside import Outside
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import Invalid, NotFound
from webapp.models import Appointment, Audit, Class, Contact, Enrolment, Event, Meeting, Occupancy, Resource, Slot
from webapp.services.event.delete_event import (
    KEPT_FOR,
    Losses,
    delete_event,
    deleted_events,
    forget_deleted,
    losses_of,
    restore_event,
)
from webapp.services.event.events import event_list, event_of
from webapp.services.event.listing import listed_events
from webapp.services.event.open_events import open_events, round_of
from webapp.services.event.own_schedule import own_events
from webapp.services.system.audit import SYSTEM

SOON_OVER = timedelta(days=20)


def deleted(evening: Evening, *, name: str = "", now: datetime | None = None) -> Losses:
    confirmed = name or evening.event.name
    return delete_event(evening.session, evening.event, confirmed=confirmed, who=SYSTEM, now=now or evening.now)


@pytest.mark.both_databases
def test_losses_are_counted_before_anything_goes(session: Session, now: datetime) -> None:
    evening = Evening(session, now, provider="zoom")
    evening.cancel(evening.book(evening.slot(after=120))[0])
    [booked] = evening.book(evening.slot())
    meeting = evening.meeting(booked)
    meeting.remote_id, meeting.join_url = "99", "https://zoom.us/j/99"
    evening.slot(after=60)

    losses = losses_of(session, evening.event, now=now)

    assert losses == Losses(resources=1, slots=3, appointments=1, coming=1, families=1, meetings=1)
    assert losses_of(session, evening.event, now=now + SOON_OVER).coming == 0


@pytest.mark.both_databases
def test_a_deleted_event_is_hidden_everywhere_and_the_roster_untouched(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [appointment] = evening.book(evening.slot())
    before = {table: len(session.exec(select(table)).all()) for table in (Contact, Class, Enrolment)}
    school_id, event_id = evening.school.id or 0, evening.event.id or 0

    deleted(evening)

    assert event_list(session, school_id) == []
    assert open_events(session, evening.school, now=now) == []
    assert own_events(session, evening.teacher) == []
    assert listed_events(session, evening.teacher) == []
    for look in (
        lambda: event_of(session, school_id, event_id),
        lambda: round_of(session, evening.school.slug, evening.event.slug),
    ):
        with pytest.raises(NotFound):
            look()
    session.refresh(appointment)
    assert appointment.cancelled_at == now
    assert session.exec(select(Occupancy)).all() == []
    assert {table: len(session.exec(select(table)).all()) for table in before} == before


def test_with_coming_appointments_the_name_has_to_be_typed(session: Session, now: datetime) -> None:
    """ADMIN-023: typed confirmation."""
    evening = Evening(session, now)
    evening.book(evening.slot())

    for typed in ("no", "Fall Conferences"):
        with pytest.raises(Invalid) as refused:
            deleted(evening, name=typed)
        assert refused.value.field == "name"
    losses = deleted(evening, name=f" {evening.event.name.upper()} ")

    assert losses.coming == 1


def test_the_name_is_typed_as_the_page_shows_it(session: Session, now: datetime) -> None:
    """ADMIN-023: of several spaces one is seen."""
    evening = Evening(session, now)
    evening.book(evening.slot())
    evening.event.name = "Fall  Conferences 2026"

    losses = deleted(evening, name="Fall Conferences 2026")

    assert losses.coming == 1


def test_an_event_that_is_over_goes_without_typing_and_what_was_held_stays_in_the_records(
    session: Session, now: datetime
) -> None:
    evening = Evening(session, now)
    [appointment] = evening.book(evening.slot())

    delete_event(session, evening.event, confirmed="", who=SYSTEM, now=now + SOON_OVER)

    session.refresh(appointment)
    assert appointment.cancelled_at is None


def test_a_hold_at_that_moment_is_let_go(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [appointment] = evening.book(evening.slot())
    appointment.held_until = now + timedelta(minutes=5)
    session.flush()

    losses = deleted(evening)

    session.refresh(appointment)
    assert losses.coming == 0
    assert (appointment.cancelled_at, appointment.held_until) == (now, None)


def test_its_meetings_are_removed_at_the_provider_before_the_rows_go(
    database: Database, outside: Outside, now: datetime
) -> None:
    """Deleting rows of meetings that stand in Zoom would leave them there for ever (RELIABILITY 2.4)."""
    with database.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        outside.knows(evening.host.remote_id or "")
        evening.book(evening.slot())
        event_id = evening.event.id
    outside.tick()
    with database.transaction() as session:
        made = session.exec(select(Meeting)).one().remote_id
        event = session.get_one(Event, event_id)
        delete_event(session, event, confirmed=event.name, who=SYSTEM, now=outside.now)

    with database.transaction() as session:
        forget_deleted(session, now=outside.now + KEPT_FOR * 2)
        kept = session.get(Event, event_id)
    outside.tick()
    with database.transaction() as session:
        forget_deleted(session, now=outside.now + KEPT_FOR * 2)

    assert made
    assert kept is not None
    assert [meeting.removed for meeting in outside.meetings.meetings.values()] == [True]
    with database.reading() as session:
        assert session.get(Event, event_id) is None
        assert session.exec(select(Meeting)).all() == []


@pytest.mark.both_databases
def test_a_deleted_event_comes_back_whole_for_thirty_days_but_for_what_was_cancelled(
    session: Session, now: datetime
) -> None:
    """ADMIN-023: restorable for 30 days."""
    evening = Evening(session, now)
    [appointment] = evening.book(evening.slot())
    removed_before = evening.slot(after=60, removed_at=now - timedelta(days=1))
    free = evening.slot(after=120)
    school_id, event_id = evening.school.id or 0, evening.event.id or 0
    deleted(evening)
    later = now + KEPT_FOR - timedelta(seconds=1)

    assert [event.id for event in deleted_events(session, school_id, now=later)] == [event_id]
    restore_event(session, school_id, event_id, who=SYSTEM, now=later)

    session.expire_all()
    assert event_of(session, school_id, event_id).deleted_at is None
    assert free.removed_at is None
    assert removed_before.removed_at is not None
    assert appointment.cancelled_at == now
    assert [row.action for row in session.exec(select(Audit).where(Audit.subject == f"event {event_id}"))] == [
        "event.delete",
        "event.restore",
    ]
    assert deleted_events(session, school_id, now=later) == []


def test_nothing_is_restored_too_late_or_for_another_school(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    school_id, event_id = evening.school.id or 0, evening.event.id or 0
    deleted(evening)

    for school, at in ((school_id, now + KEPT_FOR), (school_id + 1, now)):
        with pytest.raises(NotFound):
            restore_event(session, school, event_id, who=SYSTEM, now=at)
        assert deleted_events(session, school, now=at) == []


@pytest.mark.both_databases
def test_after_thirty_days_its_rows_are_gone_and_no_other_events(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.book(evening.slot())
    other = make_event(session, evening.school)
    event_id = evening.event.id
    deleted(evening)

    forget_deleted(session, now=now + KEPT_FOR - timedelta(seconds=1))
    kept = session.exec(select(Event.id)).all()
    forget_deleted(session, now=now + KEPT_FOR)

    assert set(kept) == {event_id, other.id}
    assert session.exec(select(Event.id)).all() == [other.id]
    for table in (Resource, Slot, Appointment):
        assert session.exec(select(table)).all() == []
    assert session.exec(select(Class)).all()
