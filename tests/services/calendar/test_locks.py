"""Whoever locks a link and appointments, or entries and appointments, does so in one order: nobody loses for it."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from evening import Evening
from outside import Outside
from sqlmodel import Session, select
from threads import at_once, until_somebody_waits

from jobs.calendar_export import export_entries
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, CalendarEntry, CalendarLink, Slot
from webapp.models.booking.appointment import CALENDAR_BUSY
from webapp.models.calendar.calendar_entry import DELETED
from webapp.providers.base import BusySpan
from webapp.services.booking.consequences import follow
from webapp.services.booking.wish_meetings import lock_appointments
from webapp.services.calendar.follow_link import follow_link, put_back
from webapp.services.calendar.link import link_of
from webapp.services.calendar.read_busy import Read, Reading, store_read
from webapp.services.system.errand import Claim

pytestmark = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def evening(database: Database, now: datetime) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now)
        evening.linked()
    return evening


@pytest.fixture
def booked(database: Database, evening: Evening) -> Appointment:
    with evening.later(database):
        return evening.book(evening.slot(kind="P"))[0]


def entries(database: Database) -> list[CalendarEntry]:
    with database.reading() as session:
        return list(session.exec(select(CalendarEntry).order_by(CalendarEntry.id)))


def beside_a_follower(
    database: Database, booked: Appointment, outside: Outside, deed: Callable[[Session], None]
) -> list[object]:
    """What both come to: the deed begins when a follower has locked the appointment, who goes on once it waits."""
    has_begun = threading.Event()

    def follows() -> None:
        with database.transaction() as session:
            lock_appointments(session, [booked.id or 0])
            has_begun.set()
            until_somebody_waits(database)
            follow(session, [booked.id or 0], now=outside.now)

    def other() -> None:
        assert has_begun.wait(10)
        with database.transaction() as session:
            deed(session)

    return at_once(follows, other)


def test_who_puts_entries_back_and_who_follows_an_appointment_lock_in_one_order(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R103"""
    outside.tick()
    with evening.later(database) as session:
        session.get_one(CalendarEntry, 1).theirs = DELETED

    def owner(session: Session) -> None:
        put_back(session, session.exec(select(CalendarLink)).one(), now=outside.now)

    assert beside_a_follower(database, booked, outside, owner) == [None, None]
    assert entries(database)[-1].generation == 1


def test_who_saves_a_calendar_and_a_call_that_its_limit_refuses_lock_in_one_order(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """PROVIDERS 2, 3: the pause that the calendar asked for is kept."""
    teacher = evening.teacher.id or 0
    is_called, is_locked = threading.Event(), threading.Event()
    outside.calendars.fail("put", ProviderError("Slower.", retry=True, after=outside.now + MINUTE, code="rate"))

    def until_saved(_method: str) -> None:
        is_called.set()
        assert is_locked.wait(10)

    def save() -> None:
        assert is_called.wait(10)
        with database.transaction() as session:
            locked = link_of(session, teacher, "google", locked=True)
            is_locked.set()
            until_somebody_waits(database)
            assert locked
            follow_link(session, locked, now=outside.now)

    outside.calendars.on_call = until_saved
    assert at_once(lambda: export_entries(outside.app), save) == [None, None]
    assert (outside.faults, entries(database)[-1].problem_code) == ([], "rate")
    with database.reading() as session:
        assert session.exec(select(CalendarLink)).one().paused_until == outside.now + MINUTE


def test_who_saves_a_calendar_waits_for_who_wishes_an_entry_on_it_and_not_the_other_way_round(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R103: an entry names its link."""
    teacher = evening.teacher.id or 0
    with evening.later(database) as session:
        session.delete(session.get_one(CalendarEntry, 1))

    def save(session: Session) -> None:
        locked = link_of(session, teacher, "google", locked=True)
        assert locked
        follow_link(session, locked, now=outside.now)

    assert beside_a_follower(database, booked, outside, save) == [None, None]
    assert entries(database)[-1].due_at == outside.now


def test_busy_times_that_were_read_and_an_entry_that_is_wished_wait_for_each_other_in_one_order(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R35, R103: what was read turns the appointment red, of which an entry is wished on the same link."""
    with evening.later(database) as session:
        session.delete(session.get_one(CalendarEntry, 1))
        link, slot = session.exec(select(CalendarLink)).one(), session.get_one(Slot, booked.slot_id)
        link.is_import, link.claim = True, "ours"
        claim, window = Claim(link.id or 0, "ours"), (outside.now, slot.ends_at)
        reading = Reading(claim, claim.id, link.provider, link.calendar_id, *window, evening.school.zone)
        read = Read((BusySpan(slot.starts_at, slot.ends_at, "main"),), {})

    def reads(session: Session) -> None:
        store_read(session, reading, read, now=outside.now)

    assert beside_a_follower(database, booked, outside, reads) == [None, None]
    with database.reading() as session:
        assert session.get_one(Appointment, booked.id).problem == CALENDAR_BUSY
