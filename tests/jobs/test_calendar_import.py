"""Busy times are read every ten minutes of the calendars that shall block slots, and stay as they are on a failure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from evening import Evening
from factories import (
    EVENING,
    make_appointment,
    make_calendar_link,
    make_event,
    make_resource,
    make_slot,
    make_teacher,
)
from outside import Outside
from sqlmodel import Session, col, select

from jobs.circuit import MOST
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, BusyTime, CalendarLink, Contact, Event, Resource, School, Slot
from webapp.models.booking.appointment import CALENDAR_BUSY, OVER_LIMIT
from webapp.providers.base import BusySpan
from webapp.services.booking.agenda import agenda
from webapp.services.booking.book_for import confirm_appointment
from webapp.services.booking.move import move_appointment
from webapp.services.calendar.read_busy import next_reading
from webapp.services.event.change_zone import change_zone
from webapp.services.event.move_plan import MoveInput
from webapp.services.event.move_slots import move_slots
from webapp.services.message.calendar_entries import uid_of
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import settled
from webapp.services.system.installation import hold

MINUTE, TEN, DAY = timedelta(minutes=1), timedelta(minutes=10), timedelta(days=1)
TIMEOUT = ProviderError("%(service)s did not answer in time.", retry=True, code="timeout", service="Google")


class Desk:
    """Folake, whose Google account is linked and blocks slots; Alice has booked her first one."""

    def __init__(self, database: Database, outside: Outside) -> None:
        self.database, self.outside = database, outside
        with database.transaction() as session:
            evening = Evening(session, outside.now)
            slots = [evening.slot() for _ in range(4)]
            [booked] = evening.book(slots[0])
            link = make_calendar_link(
                session,
                evening.teacher,
                calendar_id="school",
                is_import=True,
                saved_at=outside.now,
                due_at=outside.now,
            )
            self.starts = [slot.starts_at for slot in slots]
            self.link_id, self.booked_id = link.id, booked.id
            self.teacher_id, self.school_id = evening.teacher.id, evening.school.id

    def takes(self, *slots: int, calendar: str = "main") -> None:
        """What the teacher has in it from now on: each a quarter of an hour."""
        quarter = timedelta(minutes=15)
        self.outside.calendars.private = [BusySpan(self.starts[n], self.starts[n] + quarter, calendar) for n in slots]

    def takes_in_file_of(self, appointment_id: int, slot: int) -> None:
        """What was mailed of it stands in the primary calendar from now on, at a slot's time."""
        with self.database.reading() as session:
            [entry] = agenda(session, col(Appointment.id) == appointment_id)
        span = BusySpan(self.starts[slot], self.starts[slot] + timedelta(minutes=15), "main")
        self.outside.calendars.files[uid_of(entry.token)] = span

    def known(self) -> list[int]:
        """The slots that busy times begin with."""
        with self.database.reading() as session:
            return sorted(self.starts.index(row.starts_at) for row in session.exec(select(BusyTime)))

    def rows(self) -> list[tuple[int | None, datetime]]:
        with self.database.reading() as session:
            return [(row.id, row.seen_at) for row in session.exec(select(BusyTime).order_by(BusyTime.starts_at))]

    def link(self) -> CalendarLink:
        with self.database.reading() as session:
            return session.get_one(CalendarLink, self.link_id)

    def change(self, **values: Any) -> None:
        with self.database.transaction() as session:
            link = session.get_one(CalendarLink, self.link_id)
            for name, value in values.items():
                setattr(link, name, value)

    def problem(self) -> str | None:
        with self.database.reading() as session:
            return session.get_one(Appointment, self.booked_id).problem

    def confirm(self) -> None:
        """A minute later."""
        self.outside.now += MINUTE
        with self.database.transaction() as session:
            booked = session.get_one(Appointment, self.booked_id)
            confirm_appointment(session, booked, who=SYSTEM, now=self.outside.now)


Moving = Callable[[Session, Event, Appointment, datetime], object]


def to_another_slot(session: Session, event: Event, booked: Appointment, now: datetime) -> None:
    last = session.exec(select(Slot.token).order_by(col(Slot.starts_at).desc(), col(Slot.id)).offset(1)).first()
    move_appointment(session, event, booked, last or "", is_virtual=None, by_office=True, who=SYSTEM, now=now)


def to_the_next_day(session: Session, event: Event, _booked: Appointment, now: datetime) -> None:
    typed = MoveInput.model_validate({"dates": [EVENING.date()], "to": [EVENING.date() + DAY]})
    move_slots(session, event, typed, who=SYSTEM, now=now)


def to_another_zone(session: Session, event: Event, _booked: Appointment, now: datetime) -> None:
    """All times are an hour earlier."""
    change_zone(session, event, "America/New_York", was=event.zone, tell=False, who=SYSTEM, now=now)


@pytest.fixture
def desk(database: Database, outside: Outside) -> Desk:
    return Desk(database, outside)


@pytest.mark.both_databases
def test_a_reading_replaces_all_that_was_known_and_the_next_comes_within_ten_minutes(desk: Desk) -> None:
    """R35"""
    desk.takes(1, 2)
    desk.outside.read_calendars()
    link = desk.link()
    assert (desk.known(), link.synced_at, link.claim) == ([1, 2], desk.outside.now, None)
    assert link.due_at
    assert desk.outside.now < link.due_at <= desk.outside.now + TEN

    desk.takes(2, 3)
    desk.outside.read_calendars(TEN)

    assert desk.known() == [2, 3]


def test_only_the_primary_calendar_and_the_default_one_are_asked_and_named(desk: Desk) -> None:
    desk.outside.calendars.writable.append(replace(desk.outside.calendars.writable[1], key="club", name="Chess"))
    desk.takes(1)
    for n, calendar in ((2, "school"), (3, "club")):
        span = BusySpan(desk.starts[n], desk.starts[n] + TEN, calendar)
        desk.outside.calendars.private.append(span)

    desk.outside.read_calendars()

    with desk.database.reading() as session:
        rows = session.exec(select(BusyTime).order_by(BusyTime.starts_at)).all()
        assert [(row.starts_at, row.calendar_name) for row in rows] == [
            (desk.starts[1], "Petra"),
            (desk.starts[2], "School"),
        ]


def test_what_has_not_changed_is_not_written_anew(desk: Desk) -> None:
    desk.takes(1, 2)
    desk.outside.read_calendars()
    first = desk.rows()

    desk.takes(1, 2, 3)
    desk.outside.read_calendars(TEN)

    assert desk.rows()[:2] == first
    assert desk.rows()[2][1] == desk.outside.now


@pytest.mark.both_databases
def test_a_later_collision_turns_red_and_back_when_the_busy_time_goes(desk: Desk) -> None:
    """R35"""
    desk.outside.read_calendars()
    assert desk.problem() is None

    desk.takes(0)
    desk.outside.read_calendars(TEN)
    assert desk.problem() == CALENDAR_BUSY

    desk.takes()
    desk.outside.read_calendars(TEN)
    assert desk.problem() is None


@pytest.mark.both_databases
def test_a_mailed_file_of_the_teachers_own_appointment_takes_no_time_be_it_coming_or_cancelled(desk: Desk) -> None:
    """R35: Google and Outlook take mailed files into the primary calendar by themselves."""
    desk.takes_in_file_of(desk.booked_id, 0)
    desk.outside.read_calendars()
    assert (desk.problem(), desk.known()) == (None, [])

    with desk.database.transaction() as session:
        session.get_one(Appointment, desk.booked_id).cancelled_at = desk.outside.now
    desk.outside.read_calendars(TEN)

    assert desk.known() == []


def test_a_file_of_what_the_teacher_booked_as_a_parent_takes_time(desk: Desk) -> None:
    """With a colleague, for a child of their own."""
    with desk.database.transaction() as session:
        teacher, school = session.get_one(Contact, desk.teacher_id), session.get_one(School, desk.school_id)
        colleague = make_resource(session, make_event(session, school), make_teacher(session, school, "Hugh", "Barlow"))
        as_parent = make_appointment(session, make_slot(session, colleague, at=desk.starts[0]), teacher).id
    assert as_parent
    desk.takes_in_file_of(as_parent, 0)

    desk.outside.read_calendars()

    assert (desk.problem(), desk.known()) == (CALENDAR_BUSY, [0])


def test_what_was_confirmed_stays_while_a_running_event_is_told_from_now_on(desk: Desk) -> None:
    whole_day = BusySpan(desk.starts[0] - timedelta(hours=5), desk.starts[3] + timedelta(hours=2), "main")
    desk.outside.calendars.private = [whole_day]
    desk.outside.read_calendars()
    with desk.database.transaction() as session:
        booked = session.get_one(Appointment, desk.booked_id)
        booked.problem, booked.calendar_judged_at = None, desk.outside.now
    desk.outside.now = desk.starts[0] - timedelta(hours=1)

    desk.outside.calendars.private = [replace(whole_day, starts_at=desk.outside.now)]
    desk.outside.read_calendars()

    assert (desk.problem(), len(desk.rows())) == (None, 1)


@pytest.mark.both_databases
def test_what_was_confirmed_for_another_reason_turns_red_for_the_calendar_all_the_same(desk: Desk) -> None:
    """R35: what the office has not been shown it has not judged."""
    with desk.database.transaction() as session:
        session.get_one(Appointment, desk.booked_id).problem = OVER_LIMIT
    desk.takes(0)
    desk.outside.read_calendars()
    assert desk.problem() == OVER_LIMIT

    desk.confirm()
    assert desk.problem() == CALENDAR_BUSY

    desk.confirm()
    desk.outside.read_calendars(TEN)
    assert desk.problem() is None


@pytest.mark.both_databases
@pytest.mark.parametrize("move", [to_another_slot, to_the_next_day, to_another_zone])
def test_what_was_confirmed_is_judged_for_its_time_alone(desk: Desk, move: Moving) -> None:
    """R35: where it is moved to, the teacher is busy with something else, which has long been known."""
    with desk.database.transaction() as session:
        event = session.exec(select(Event)).one()
        later = make_slot(session, session.exec(select(Resource)).one(), at=EVENING + DAY + timedelta(hours=3))
        starts = [later.starts_at - timedelta(hours=3), desk.starts[0] - timedelta(hours=1), desk.starts[3]]
    quarter = timedelta(minutes=15)
    busy = [BusySpan(at, at + quarter, "main") for at in (desk.starts[0], *starts)]
    desk.outside.calendars.private = busy
    desk.outside.read_calendars()
    desk.confirm()
    assert desk.problem() is None

    with desk.database.transaction() as session:
        booked = session.get_one(Appointment, desk.booked_id)
        move(session, session.get_one(Event, event.id), booked, desk.outside.now)
    desk.outside.read_calendars(TEN)

    assert desk.problem() == CALENDAR_BUSY


@pytest.mark.both_databases
def test_a_failure_keeps_what_is_known_says_how_old_it_is_and_is_tried_again(desk: Desk) -> None:
    desk.takes(1)
    desk.outside.read_calendars()
    read_at = desk.outside.now

    desk.outside.calendars.fail("busy", TIMEOUT)
    desk.takes()
    desk.outside.read_calendars(TEN)

    link = desk.link()
    assert (desk.known(), link.synced_at, link.problem) == ([1], read_at, TIMEOUT.message)
    assert link.due_at
    assert link.due_at <= desk.outside.now + TEN
    desk.outside.read_calendars(MINUTE)
    assert (desk.known(), desk.link().synced_at, desk.link().problem) == ([], desk.outside.now, None)


def test_what_is_refused_for_good_is_asked_for_again_within_the_hour(desk: Desk) -> None:
    desk.outside.calendars.fail("busy", ProviderError("No.", retry=False, code="refused"))

    desk.outside.read_calendars()

    assert (desk.link().problem, desk.link().due_at) == ("No.", desk.outside.now + timedelta(hours=1))


def test_without_the_provider_s_client_id_the_reading_waits_and_goes_on_once_it_is_set_again(desk: Desk) -> None:
    calendars = desk.outside.offered()
    google = calendars.pop("google")
    desk.takes(1)

    for _ in range(6):
        desk.outside.read_calendars(timedelta(hours=1))
    waiting = desk.link()
    calendars["google"] = google
    desk.outside.read_calendars(timedelta(hours=1))

    assert (waiting.problem_code, waiting.problem_values) == ("not_enabled", '{"service": "Google"}')
    assert waiting.due_at
    assert (desk.known(), desk.link().problem, desk.link().synced_at) == ([1], None, desk.outside.now)


def test_a_rate_limit_pauses_this_calendar_for_as_long_as_the_provider_says(desk: Desk) -> None:
    until = desk.outside.now + timedelta(minutes=3)
    desk.outside.calendars.fail("busy", ProviderError("Slow.", retry=True, code="rate", after=until))
    desk.outside.read_calendars()
    asked = len(desk.outside.calendars.calls)

    desk.change(due_at=desk.outside.now)  # as Save and Sync does
    desk.outside.read_calendars(MINUTE)
    assert (len(desk.outside.calendars.calls), desk.link().paused_until) == (asked, until)

    desk.outside.read_calendars(timedelta(minutes=3))
    assert desk.link().synced_at == desk.outside.now


@pytest.mark.parametrize(
    "values",
    [
        {"needs_reconnect_at": datetime(2026, 11, 1, tzinfo=UTC)},
        {"disconnected_at": datetime(2026, 11, 1, tzinfo=UTC)},
        {"is_import": False},
        {"saved_at": None},
    ],
)
def test_a_dead_grant_and_a_switch_that_is_off_end_the_readings(desk: Desk, values: dict[str, Any]) -> None:
    desk.change(**values)

    desk.outside.read_calendars()

    assert (desk.outside.calendars.calls, desk.link().due_at, desk.link().claim) == ([], None, None)


def test_a_grant_that_dies_during_a_reading_pauses_it_and_keeps_the_busy_times(desk: Desk) -> None:
    desk.takes(1)
    desk.outside.read_calendars()
    died = ProviderError("Sign in again.", retry=False, code="invalid_grant")
    desk.outside.calendars.fail("busy", died)
    desk.outside.calendars.on_call = lambda _: desk.change(needs_reconnect_at=desk.outside.now)

    desk.outside.read_calendars(TEN)

    assert (desk.known(), desk.link().due_at) == ([1], None)


def _disconnect(desk: Desk) -> None:
    with desk.database.transaction() as session:
        link = session.get_one(CalendarLink, desk.link_id)
        for name, value in (settled() | {"disconnected_at": desk.outside.now}).items():
            setattr(link, name, value)


def _save_anew(desk: Desk) -> None:
    desk.change(claim=None, due_at=desk.outside.now + MINUTE)


@pytest.mark.parametrize("deed", [_disconnect, _save_anew])
def test_what_happens_during_a_reading_makes_its_answer_void(desk: Desk, deed: Callable[[Desk], None]) -> None:
    desk.takes(1)
    desk.outside.calendars.on_call = lambda method: deed(desk) if method == "busy" else None

    desk.outside.read_calendars()

    assert (desk.known(), desk.link().synced_at) == ([], None)


def test_when_the_calendar_was_parted_from_what_was_red_for_it_is_let_be(desk: Desk) -> None:
    desk.takes(0)
    desk.outside.read_calendars()
    assert desk.problem() == CALENDAR_BUSY
    with desk.database.transaction() as session:
        for row in session.exec(select(BusyTime)):
            session.delete(row)
        _forget(session, desk)

    desk.outside.read_calendars(MINUTE)

    assert desk.problem() is None


def _forget(session: Session, desk: Desk) -> None:
    link = session.get_one(CalendarLink, desk.link_id)
    link.disconnected_at, link.due_at = desk.outside.now, None


def test_a_teacher_with_nothing_to_come_is_asked_nothing_and_has_no_busy_times(desk: Desk) -> None:
    desk.takes(1)
    desk.outside.read_calendars()
    desk.outside.calendars.calls.clear()
    desk.outside.now = desk.starts[-1] + timedelta(hours=1)

    desk.outside.read_calendars()

    assert (desk.outside.calendars.calls, desk.known(), desk.link().synced_at) == ([], [], desk.outside.now)


def test_the_window_ends_with_the_last_slot(desk: Desk) -> None:
    desk.outside.calendars.private = [
        BusySpan(desk.starts[3] + TEN, desk.starts[3] + TEN * 2, "main"),
        BusySpan(desk.starts[3] + timedelta(days=2), desk.starts[3] + timedelta(days=3), "main"),
    ]

    desk.outside.read_calendars()

    assert len(desk.rows()) == 1


def test_readings_keep_within_what_the_provider_allows_the_whole_installation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PROVIDERS 2: counted together with the entries that are written; what is known stays meanwhile."""
    desk.takes(1)
    desk.outside.read_calendars()
    monkeypatch.setattr("webapp.services.calendar.pace._PROJECT", {"google": 3})
    desk.takes(2)

    desk.outside.read_calendars(TEN)
    link, meanwhile = desk.link(), desk.known()
    monkeypatch.setattr("webapp.services.calendar.pace._PROJECT", {"google": 4})
    desk.outside.read_calendars(timedelta(seconds=67))

    assert (meanwhile, link.claim, link.problem, link.attempts) == ([1], None, None, 0)
    assert desk.known() == [2]


def test_one_calendar_in_trouble_stops_no_other(desk: Desk) -> None:
    with desk.database.transaction() as session:
        hugh = make_teacher(session, session.get_one(School, desk.school_id), "Hugh")
        made = {"is_import": True, "saved_at": desk.outside.now, "due_at": desk.outside.now - MINUTE}
        other = make_calendar_link(session, hugh, **made).id
    desk.outside.calendars.fail("calendars", TIMEOUT)

    desk.outside.read_calendars()

    with desk.database.reading() as session:
        assert session.get_one(CalendarLink, other).synced_at == desk.outside.now


def test_one_broken_mailbox_that_fails_again_and_again_stops_no_other(desk: Desk) -> None:
    """While nobody else's calls succeed in between."""
    desk.outside.calendars.fail("calendars", TIMEOUT, times=MOST)
    for _ in range(MOST):
        desk.change(due_at=desk.outside.now)
        desk.outside.read_calendars()
    desk.change(due_at=desk.outside.now)
    with desk.database.transaction() as session:
        hugh = make_teacher(session, session.get_one(School, desk.school_id), "Hugh")
        made = {"is_import": True, "saved_at": desk.outside.now, "due_at": desk.outside.now}
        other = make_calendar_link(session, hugh, **made).id

    desk.outside.read_calendars()

    with desk.database.reading() as session:
        assert session.get_one(CalendarLink, other).synced_at == desk.outside.now
        assert session.get_one(CalendarLink, desk.link_id).problem == TIMEOUT.message
    assert desk.link().synced_at is None


def test_while_the_installation_is_on_hold_no_calendar_is_asked(desk: Desk) -> None:
    """RELIABILITY D6"""
    with desk.database.transaction() as session:
        hold(session, because="restored", who=SYSTEM, now=desk.outside.now)

    desk.outside.read_calendars()

    assert desk.outside.calendars.calls == []


def test_many_that_were_due_at_once_come_back_at_minutes_of_their_own(now: datetime) -> None:
    """PROVIDERS 2: never sync everyone at the same minute."""
    due = [next_reading(number, now=now) for number in range(1, 121)]

    minutes = [at.minute % 10 for at in due]
    assert all(now < at <= now + TEN for at in due)
    assert max(minutes.count(minute) for minute in minutes) <= 15
    assert next_reading(7, now=due[6]) == due[6] + TEN
