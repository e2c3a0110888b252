"""One entry stands on the calendar of each teacher for each appointment, whatever the provider answers and whenever."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from evening import Evening
from factories import make_resource, make_teacher
from fakes import HeldTokens, make_tokens
from outside import QUARANTINE, Outside
from sqlmodel import col, select

from jobs.calendar_export import export_entries
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, CalendarEntry, CalendarLink, EventSettings, ResourceMember, Slot
from webapp.models.calendar.calendar_entry import DELETED, MOVED
from webapp.models.system.wished import ABSENT
from webapp.providers.base import RemoteCalendar, Tokens
from webapp.providers.bearer import BearerCalls
from webapp.providers.microsoft.errors import GraphDialect
from webapp.services.booking.agenda import Entry, agenda
from webapp.services.booking.consequences import follow
from webapp.services.calendar import claimed
from webapp.services.calendar.claim import LANES, claim_entries
from webapp.services.calendar.follow_link import follow_link, leave_account, put_back
from webapp.services.calendar.pace import spacing_of
from webapp.services.calendar.wish_entries import NEEDS_RECONNECT
from webapp.services.event.team_members import join_team, leave_team
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import LEASE

pytestmark = pytest.mark.both_databases

LOST = ProviderError("Lost.", retry=True, arrived=True, code="timeout")
DOWN = ProviderError("Down.", retry=True, code="unreachable")
REFUSED = ProviderError("Refused.", retry=False, code="refused")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        evening.linked()
    outside.knows(f"z{evening.teacher.id}")
    return evening


@pytest.fixture
def booked(database: Database, evening: Evening) -> Appointment:
    with evening.later(database):
        return evening.book(evening.slot())[0]


def rows(database: Database) -> list[CalendarEntry]:
    with database.reading() as session:
        return list(session.exec(select(CalendarEntry).order_by(col(CalendarEntry.id))))


def row(database: Database) -> CalendarEntry:
    """The current one of the one calendar."""
    [current] = [entry for entry in rows(database) if entry.replaced_at is None]
    return current


def link(evening: Evening) -> CalendarLink:
    return evening.session.exec(select(CalendarLink)).one()


def seen(database: Database, appointment: Appointment) -> Entry:
    with database.reading() as session:
        return agenda(session, col(Appointment.id) == appointment.id)[0]


def another(evening: Evening, first: str = "Bob", *, after: int = 60) -> Appointment:
    parent, child = evening.family(first, "Ben", evening.teacher)
    return evening.book(evening.slot(after=after), maker=parent, child=child)[0]


def settled(outside: Outside) -> None:
    """All that follows by itself within some minutes."""
    for _ in range(4):
        outside.tick(QUARANTINE)


def test_an_appointment_is_on_the_calendar_with_its_link(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    """R103: at its time, with the link once it is made."""
    outside.tick()
    outside.tick()

    [entry] = outside.calendars.standing("main")
    shown = seen(database, booked)
    assert (entry.starts_at, entry.ends_at) == (shown.starts_at, shown.ends_at)
    assert shown.room.url
    assert entry.order.location == shown.room.url
    assert f"Join: {shown.room.url}\nPasscode: {shown.room.passcode}\n" in entry.order.description
    assert (entry.order.summary, entry.order.zone) == ("Folake Adeyemi, Fall Conferences 2026", "America/Chicago")
    kept = row(database)
    assert (kept.remote_id, kept.put_at, kept.due_at, kept.claim) == (entry.remote_id, outside.now, None, None)
    assert (kept.attempts, kept.attempt_at, kept.problem) == (0, None, None)


def test_no_name_of_a_family_leaves_the_school(evening: Evening, booked: Appointment, outside: Outside) -> None:
    """ICS-006: no setting permits it; who comes stands on a page of ours, to which the entry leads."""
    settled(outside)

    [entry] = outside.calendars.standing()
    said = f"{entry.order.summary} {entry.order.description} {entry.order.location}"
    assert not [name for name in ("Mia", "Alice", "Alvarez") if name in said]
    assert f"/s/{evening.school.slug}/reports/teachers-schedule?event=" in said


def test_in_person_the_entry_says_the_room(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        evening.resource.room = "Room 12"
        evening.book(evening.slot(kind="P"))

    outside.tick()

    [entry] = outside.calendars.standing()
    assert entry.order.location == "Room 12"
    assert entry.order.description.startswith("Room: Room 12\n")


def test_what_is_only_held_has_no_entry(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        evening.hold(evening.slot())

    outside.tick()

    assert rows(database) == []


def test_each_of_a_team_has_it_on_their_own_calendar(database: Database, evening: Evening, outside: Outside) -> None:
    """Of whoever joins later too; of who leaves it is removed (FAILURES F44)."""
    with evening.later(database) as session:
        ines = make_teacher(session, evening.school, "Ines", "Ito")
        evening.linked(ines, calendar_id="school")
        evening.book(evening.slot())
    outside.tick()
    alone = [entry.calendar for entry in outside.calendars.standing()]
    with evening.later(database) as session:
        join_team(session, evening.resource, ines.id or 0, who=SYSTEM, now=outside.now)
    outside.tick()
    together = [entry.calendar for entry in outside.calendars.standing()]
    with evening.later(database) as session:
        was = f"{evening.teacher.id}.{ines.id}"
        leave_team(session, evening.resource, ines.id or 0, was=was, who=SYSTEM, now=outside.now)
    outside.tick()

    assert (alone, together) == (["main"], ["main", "school"])
    assert [entry.calendar for entry in outside.calendars.standing()] == ["main"]


def test_of_a_team_that_books_itself_each_calendar_is_known_at_once(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database) as session:
        ines = make_teacher(session, evening.school, "Ines", "Ito")
        evening.linked(ines, calendar_id="school")
        evening.linked(ines, provider="microsoft", calendar_id="main")
        member = {"resource_id": evening.resource.id, "contact_id": ines.id, "school_id": evening.school.id}
        session.add(ResourceMember(**member, position=1))
        [booked] = evening.book(evening.slot())
        wished = sorted(entry.calendar_id for entry in evening.entries(booked))

    assert wished == ["main", "main", "school"]


def test_another_time_is_told_and_a_cancelled_one_is_removed(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R100, R103."""
    settled(outside)
    with evening.later(database):
        evening.move(booked, evening.slot(after=90))
    settled(outside)
    [moved] = outside.calendars.standing()
    with evening.later(database):
        evening.cancel(booked)
    settled(outside)

    assert moved.starts_at == seen(database, booked).starts_at
    assert len(outside.calendars.entries) == 1
    assert outside.calendars.standing() == []
    [kept] = rows(database)
    assert (kept.wish, kept.gone_at is not None, kept.due_at, kept.theirs) == (ABSENT, True, None, "")


def test_nothing_is_called_where_nothing_differs(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    outside.calendars.calls.clear()

    with evening.later(database) as session:
        follow(session, [booked.id or 0], now=outside.now)
    settled(outside)

    assert outside.calendars.calls == []


def test_another_room_and_another_name_are_told(database: Database, evening: Evening, outside: Outside) -> None:
    """R99: one value."""
    with evening.later(database):
        evening.session.get_one(EventSettings, evening.event.id).provider = None
        evening.resource.virtual_room = "https://meet.linden.example/a"
        [booked] = evening.book(evening.slot())
    settled(outside)
    with evening.later(database) as session:
        evening.resource.virtual_room, evening.event.name = "https://meet.linden.example/b", "Spring Conferences"
        follow(session, [booked.id or 0], now=outside.now)
    settled(outside)

    [entry] = outside.calendars.standing()
    assert entry.order.location == "https://meet.linden.example/b"
    assert entry.order.summary == "Folake Adeyemi, Spring Conferences"


@pytest.mark.parametrize("arrives", [True, False])
def test_after_an_unknown_outcome_the_same_key_is_put_again_at_once(
    database: Database, booked: Appointment, outside: Outside, arrives: bool
) -> None:
    """RELIABILITY 2.5: never two, and no quarantine is needed for that."""
    outside.calendars.fail("put", LOST)
    outside.tick()
    if not arrives:
        outside.calendars.entries.clear()

    outside.tick(timedelta(seconds=10))
    outside.tick()

    [entry] = outside.calendars.standing()
    assert (row(database).remote_id, row(database).attempt_at) == (entry.remote_id, None)
    assert entry.order.location == seen(database, booked).room.url


def test_what_an_earlier_call_told_is_told_as_it_is_now(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """The entry that the first call made is of the former time; nobody calls that the teacher's doing."""
    outside.calendars.fail("put", LOST)
    outside.tick()
    with evening.later(database):
        evening.move(booked, evening.slot(after=90))

    settled(outside)

    [entry] = outside.calendars.standing()
    assert entry.starts_at == seen(database, booked).starts_at
    assert row(database).theirs == ""


def test_a_change_that_may_have_arrived_is_told_again_after_the_quarantine(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """So that of two the newest counts, whichever comes last."""
    settled(outside)
    first = seen(database, booked).slot_id
    outside.calendars.fail("change", LOST)
    with evening.later(database):
        evening.move(booked, evening.slot(after=90))
    outside.tick()
    outside.calendars.calls.clear()
    outside.tick(QUARANTINE - timedelta(seconds=1))
    early = list(outside.calendars.calls)
    with evening.later(database):  # and there and back
        evening.move(booked, evening.session.get_one(Slot, first))
    outside.calendars.fail("change", DOWN)  # a clear failure does not make the one before it known

    settled(outside)

    assert early == []
    [entry] = outside.calendars.standing()
    assert (entry.starts_at, row(database).theirs) == (seen(database, booked).starts_at, "")


def test_what_was_cancelled_while_it_was_made_is_found_by_its_key_and_removed(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY I14: a late answer writes nothing, and leaves no entry."""

    def cancel(method: str) -> None:
        if method == "put":
            with evening.later(database):
                evening.cancel(booked)

    outside.calendars.on_call = cancel
    outside.tick()
    left = len(outside.calendars.standing())
    settled(outside)

    assert left == 1
    assert outside.calendars.standing() == []
    assert [entry.gone_at is not None for entry in rows(database)] == [True]


def test_what_may_have_been_made_is_removed_though_the_call_after_it_was_clearly_refused(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY I14: a refusal says nothing of the call before."""
    outside.calendars.fail("put", LOST)
    outside.calendars.fail("put", DOWN)
    outside.tick()
    outside.tick(timedelta(seconds=30))
    tried = outside.calendars.calls.count("put")
    with evening.later(database):
        evening.cancel(booked)

    settled(outside)

    assert tried == 2
    assert outside.calendars.standing() == []
    assert [entry.gone_at is not None for entry in rows(database)] == [True]


def test_what_changes_while_it_is_told_is_told_next(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        evening.session.get_one(EventSettings, evening.event.id).provider = None
        [booked] = evening.book(evening.slot(kind="P"))

    def rename(method: str) -> None:
        if method == "put":
            with evening.later(database) as session:
                evening.event.name = "Spring Conferences"
                follow(session, [booked.id or 0], now=outside.now)

    outside.calendars.on_call = rename
    settled(outside)

    [entry] = outside.calendars.standing()
    assert entry.order.summary == "Folake Adeyemi, Spring Conferences"


def test_a_booking_that_is_cancelled_before_its_turn_makes_no_entry(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    with evening.later(database):
        evening.cancel(booked)

    settled(outside)

    assert outside.calendars.calls == []


@pytest.mark.parametrize("method", ["put", "change", "remove"])
def test_a_crash_after_the_call_is_made_good_by_the_next_claim(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, method: str
) -> None:
    """RELIABILITY F17, F18, F19: dead between the answer and our commit."""
    if method != "put":
        settled(outside)
        with evening.later(database):
            evening.move(booked, evening.slot(after=90)) if method == "change" else evening.cancel(booked)
    dying = getattr(outside.calendars, f"_{method}" if method != "remove" else "discard")

    def die(*given: Any) -> None:
        dying(*given)
        raise KeyError(method)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outside.calendars, f"_{method}" if method != "remove" else "discard", die)
        outside.tick(may_fail=True)
    outside.tick(LEASE)
    settled(outside)

    expected = [] if method == "remove" else [seen(database, booked).starts_at]
    assert [entry.starts_at for entry in outside.calendars.standing()] == expected
    assert len(outside.calendars.entries) == 1


def test_what_the_teacher_deleted_stays_away_and_is_reported(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    [entry] = outside.calendars.standing()
    outside.calendars.discard(entry.remote_id)
    for _ in range(2):
        with evening.later(database) as session:
            session.get_one(CalendarEntry, 1).ordered = ""
            follow(session, [booked.id or 0], now=outside.now, retry=True)
        settled(outside)

    assert outside.calendars.standing() == []
    kept = row(database)
    assert (kept.theirs, kept.theirs_at is not None, kept.due_at, kept.problem) == (DELETED, True, None, None)


@pytest.mark.parametrize("is_known", [True, False])
def test_what_the_teacher_deleted_is_made_anew_once_when_the_appointment_has_another_time(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, is_known: bool
) -> None:
    """Whether it was known to be deleted, or is found so by telling the new time, which is news either way."""
    settled(outside)
    outside.calendars.discard(outside.calendars.standing()[0].remote_id)
    if is_known:
        with evening.later(database) as session:
            session.get_one(CalendarEntry, 1).ordered = ""
            follow(session, [booked.id or 0], now=outside.now)
        settled(outside)
        assert (outside.calendars.standing(), row(database).theirs) == ([], DELETED)
    with evening.later(database):
        evening.move(booked, evening.slot(after=90))
    settled(outside)

    [entry] = outside.calendars.standing()
    assert entry.starts_at == seen(database, booked).starts_at
    assert (row(database).generation, row(database).theirs) == (1, "")
    outside.calendars.discard(entry.remote_id)
    with evening.later(database) as session:
        session.get_one(CalendarEntry, row(database).id).ordered = ""
        follow(session, [booked.id or 0], now=outside.now)
    settled(outside)
    assert (outside.calendars.standing(), row(database).theirs) == ([], DELETED)


def test_what_was_deleted_between_two_tries_to_make_it_stays_away(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    outside.calendars.fail("put", LOST)
    outside.tick()
    outside.calendars.discard(outside.calendars.standing()[0].remote_id)

    settled(outside)

    assert (outside.calendars.standing(), row(database).theirs) == ([], DELETED)


def test_its_owner_may_want_it_back(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    outside.calendars.discard(outside.calendars.standing()[0].remote_id)
    with evening.later(database) as session:
        follow(session, [booked.id or 0], now=outside.now)
        session.get_one(CalendarEntry, 1).ordered = ""
    settled(outside)

    with evening.later(database) as session:
        put_back(session, link(evening), now=outside.now)
    settled(outside)

    [entry] = outside.calendars.standing()
    kept = row(database)
    assert (kept.remote_id, kept.generation, kept.theirs) == (entry.remote_id, 1, "")


def test_where_the_teacher_moved_it_the_time_is_theirs_and_the_link_is_ours(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        evening.session.get_one(EventSettings, evening.event.id).provider = None
        evening.resource.virtual_room = "https://meet.linden.example/a"
        [booked] = evening.book(evening.slot())
    settled(outside)
    [entry] = outside.calendars.standing()
    outside.calendars.drag(entry.remote_id, by=HOUR)
    with evening.later(database) as session:
        evening.resource.virtual_room = "https://meet.linden.example/b"
        follow(session, [booked.id or 0], now=outside.now)
    settled(outside)
    [moved] = outside.calendars.standing()
    is_theirs = row(database).theirs
    with evening.later(database):
        evening.move(booked, evening.slot(after=90))
    settled(outside)

    assert (moved.starts_at, moved.ends_at) == (entry.starts_at + HOUR, entry.ends_at + HOUR)
    assert (moved.order.location, is_theirs) == ("https://meet.linden.example/b", MOVED)
    # Another time of the appointment is news, and theirs was for the former one.
    assert outside.calendars.standing()[0].starts_at == seen(database, booked).starts_at
    assert row(database).theirs == ""


def test_what_the_teacher_moved_is_left_there_where_renewing_the_connection_failed(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R103: nothing was told, so that another time there is the teacher's doing."""
    settled(outside)
    [entry] = outside.calendars.standing()
    outside.calendars.drag(entry.remote_id, by=HOUR)
    with evening.later(database) as session:
        session.get_one(CalendarEntry, 1).ordered = ""
        follow(session, [booked.id or 0], now=outside.now)
    outside.calendars.on_call = renewal_fails
    outside.tick()
    failed = row(database)
    outside.calendars.on_call = None
    settled(outside)

    [moved] = outside.calendars.standing()
    assert (failed.problem_code, failed.attempt_at) == ("503", None)
    assert (moved.starts_at, row(database).theirs) == (entry.starts_at + HOUR, MOVED)


def renewal_fails(_method: str) -> None:
    """As a call whose access token is old."""

    def renew(_: Tokens) -> Tokens:
        raise ProviderError("A problem of its own.", retry=True, arrived=True, code="503")

    old = HeldTokens(make_tokens(expires_at=datetime(2020, 1, 1, tzinfo=UTC)))
    BearerCalls(old, http=requests.Session(), dialect=GraphDialect(), renew=renew).call("GET", "https://never.example")


def test_another_default_calendar_has_the_entry_before_the_former_one_loses_it(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    outside.calendars.calls.clear()
    with evening.later(database) as session:
        link(evening).calendar_id = "school"
        follow_link(session, link(evening), now=outside.now)
    settled(outside)

    assert outside.calendars.calls == ["put", "remove"]
    [entry] = outside.calendars.standing()
    assert (entry.calendar, row(database).remote_id) == ("school", entry.remote_id)


def test_and_back_again_before_the_job_ran_leaves_one(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    for calendar in ("school", "main", "school", "main"):
        with evening.later(database) as session:
            link(evening).calendar_id = calendar
            follow_link(session, link(evening), now=outside.now)
    settled(outside)

    assert [entry.calendar for entry in outside.calendars.standing()] == ["main"]


def test_a_calendar_that_is_gone_is_told_and_mended_by_another_choice(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    outside.calendars.writable = [RemoteCalendar("school", "School", is_primary=True)]
    settled(outside)
    problem = row(database).problem_code
    with evening.later(database) as session:
        link(evening).calendar_id = "school"
        follow_link(session, link(evening), now=outside.now)
    settled(outside)

    assert problem == "no_calendar"
    assert [entry.calendar for entry in outside.calendars.standing()] == ["school"]


def test_saving_a_calendar_asks_for_no_refused_meeting_again(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R27, R93: what was refused was no calendar's doing. A refused entry is tried once more."""
    outside.calendars.fail("put", REFUSED)
    outside.tick_failing("make", REFUSED)
    calls, refused = list(outside.meetings.calls), row(database).problem_code
    for _ in range(3):
        with evening.later(database) as session:
            follow_link(session, link(evening), now=outside.now)
        settled(outside)

    assert outside.meetings.calls == calls == ["make"]
    assert (refused, len(outside.calendars.standing())) == ("refused", 1)


def test_while_the_grant_is_dead_entries_wait_and_go_on_when_it_is_linked_again(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    with evening.later(database):
        link(evening).needs_reconnect_at = outside.now
    with evening.later(database):
        second = another(evening)
        evening.cancel(booked)
    outside.calendars.calls.clear()
    settled(outside)
    waiting = [entry.problem_code for entry in rows(database)]
    with evening.later(database) as session:
        link(evening).needs_reconnect_at = None
        follow_link(session, link(evening), now=outside.now)
    settled(outside)

    assert waiting == [NEEDS_RECONNECT, NEEDS_RECONNECT]
    [entry] = outside.calendars.standing()
    assert entry.starts_at == seen(database, second).starts_at


def test_what_stands_in_a_calendar_that_was_disconnected_is_left_and_found_again(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """We may not write there any more; linked again, what was cancelled meanwhile goes, and what was booked comes."""
    with evening.later(database):
        kept = another(evening)
    settled(outside)
    with evening.later(database):
        link(evening).disconnected_at = outside.now
        evening.cancel(booked)
        follow(evening.session, [kept.id or 0], now=outside.now)
    outside.calendars.calls.clear()
    settled(outside)
    meanwhile = list(outside.calendars.calls)
    with evening.later(database) as session:
        link(evening).disconnected_at = None
        follow_link(session, link(evening), now=outside.now)
    settled(outside)

    assert meanwhile == []
    assert [entry.starts_at for entry in outside.calendars.standing()] == [seen(database, kept).starts_at]
    assert len(outside.calendars.entries) == 2


def test_another_account_gets_entries_of_its_own_and_the_former_keeps_what_it_has(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    [former] = outside.calendars.standing()
    with evening.later(database) as session:
        leave_account(session, link(evening), now=outside.now)
        link(evening).account_id = "other"
        follow_link(session, link(evening), now=outside.now)
    settled(outside)

    [left, new] = outside.calendars.standing()
    assert (left.remote_id, new.order.key) == (former.remote_id, row(database).key)
    assert [(entry.generation, entry.gone_at is None) for entry in rows(database)] == [(0, False), (1, True)]


def test_who_asks_us_to_go_slower_is_left_alone_for_so_long(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """PROVIDERS 2, 3: this calendar only; the others go on."""
    with evening.later(database) as session:
        ines = make_teacher(session, evening.school, "Ines", "Ito")
        evening.linked(ines, calendar_id="school")
        bob, ben = evening.family("Bob", "Ben", ines)
        another(evening)
        evening.book(evening.slot(make_resource(session, evening.event, ines), after=30), maker=bob, child=ben)
    slower = ProviderError("Slower.", retry=True, code="rate", after=outside.now + HOUR)
    outside.calendars.fail("put", slower)
    outside.tick()
    first = [entry.calendar for entry in outside.calendars.standing()]
    calls = len(outside.calendars.calls)
    outside.tick(HOUR - MINUTE)
    early = len(outside.calendars.calls) - calls
    for _ in range(3):
        outside.tick(MINUTE)

    assert (first, early) == (["school"], 0)
    assert sorted(entry.calendar for entry in outside.calendars.standing()) == ["main", "main", "school"]


def test_a_refused_removal_is_asked_for_again(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    outside.calendars.fail("remove", REFUSED)
    with evening.later(database):
        evening.cancel(booked)
    outside.tick()

    outside.tick(HOUR)

    assert outside.calendars.standing() == []


def test_what_the_teacher_moves_between_our_look_and_our_change_stays_there(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        [booked] = evening.book(evening.slot(kind="P"))
    settled(outside)
    [entry] = outside.calendars.standing()
    with evening.later(database) as session:
        evening.resource.room = "Room 14"
        follow(session, [booked.id or 0], now=outside.now)

    def drag(method: str) -> None:
        if method == "change":
            outside.calendars.drag(entry.remote_id, by=HOUR)

    outside.calendars.on_call = drag
    outside.tick(QUARANTINE)

    [moved] = outside.calendars.standing()
    assert (moved.starts_at, moved.order.location) == (entry.starts_at + HOUR, "Room 14")


@pytest.mark.parametrize("code", ["invalid_client", "not_enabled"])
def test_what_the_operator_has_to_mend_is_tried_again_and_comes_by_itself(
    database: Database, booked: Appointment, outside: Outside, code: str
) -> None:
    """The client secret ended, and was renewed."""
    outside.calendars.fail("put", ProviderError("Check the settings.", retry=False, code=code))
    outside.tick()
    kept = row(database)

    outside.tick(HOUR)

    assert (kept.problem_code, kept.due_at) == (code, outside.now)
    assert len(outside.calendars.standing()) == 1


def test_without_the_provider_s_client_id_entries_say_so_and_come_once_it_is_set_again(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    calendars = outside.offered()
    google = calendars.pop("google")
    with evening.later(database):
        another(evening)

    for _ in range(6):
        outside.tick(HOUR)
    waiting = rows(database)
    calendars["google"] = google
    outside.tick(HOUR)

    assert {(entry.problem_code, entry.problem_values) for entry in waiting} == {
        ("not_enabled", '{"service": "Google"}')
    }
    assert all(entry.due_at for entry in waiting)
    assert [(entry.problem, bool(entry.remote_id)) for entry in rows(database)] == [(None, True)] * 2


def test_what_is_over_is_not_put_any_more(database: Database, booked: Appointment, outside: Outside) -> None:
    outside.calendars.fail("put", DOWN, times=99)
    outside.tick()
    outside.calendars.fail("put", DOWN, times=-99)

    outside.tick(timedelta(days=30))

    assert (outside.calendars.standing(), row(database).problem_code) == ([], "over")


def test_a_past_entry_stays_where_it_is(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    settled(outside)
    outside.now += timedelta(days=30)
    with evening.later(database) as session:
        follow(session, [booked.id or 0], now=outside.now, retry=True)
        follow_link(session, link(evening), now=outside.now)
    settled(outside)

    assert len(outside.calendars.standing()) == 1


def test_beyond_the_limit_of_the_whole_project_entries_wait_until_a_minute_is_over(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PROVIDERS 2: counted in rows, so that all processes keep it together."""
    monkeypatch.setattr("webapp.services.calendar.pace._PROJECT", {"google": 1})
    with evening.later(database):
        second = another(evening)

    export_entries(outside.app)
    outside.now += timedelta(seconds=65)
    export_entries(outside.app)
    within = [entry.put_at is not None for entry in rows(database)]
    outside.now += timedelta(seconds=2)
    export_entries(outside.app)

    assert within == [True, False]
    assert [entry.put_at is not None for entry in rows(database)] == [True, True]
    assert rows(database)[1].appointment_id == second.id
    assert outside.calendars.calls.count("put") == 2


def test_a_calendar_has_two_claimants_at_a_time_and_never_of_the_same_appointment(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """PROVIDERS 3: of the four calls that a mailbox answers at once, two are for others than the export."""
    with evening.later(database):
        others = [another(evening), another(evening, "Carol", after=120), another(evening, "Dan", after=180)]

    turns = []
    for _ in range(3):
        with database.transaction() as session:
            claims = {claim.id for claim in claim_entries(session, CalendarEntry, now=outside.now, limit=1)}
        turns.append({entry.appointment_id for entry in rows(database) if entry.id in claims})

    assert turns == [{booked.id, others[1].id}, {others[0].id, others[2].id}, set()]


@pytest.mark.parametrize(("provider", "in_a_minute"), [("google", 600), ("microsoft", 1_000)])
def test_both_claimants_of_a_calendar_keep_the_limit_of_its_account_together(provider: str, in_a_minute: int) -> None:
    """PROVIDERS 2, 3: they may be of different processes, each of which spaces its own calls only."""
    assert LANES * 60 / spacing_of(provider) <= 0.95 * in_a_minute


def test_after_a_failure_the_rest_of_a_turn_is_put_back_as_it_was(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """Nobody called for it: nothing is to be waited for, and no try is counted."""
    with evening.later(database):
        another(evening)
        another(evening, "Carol", after=120)
    outside.calendars.fail("put", ProviderError("Slower.", retry=True, after=outside.now + MINUTE, code="rate"))

    export_entries(outside.app)

    first, _of_the_other_lane, second = rows(database)
    assert outside.calendars.calls.count("put") == 1
    assert (first.attempt_at, second.attempt_at, first.claim, second.claim) == (None, None, None, None)
    assert second.attempts == 0
    assert second.due_at
    assert second.due_at >= outside.now + MINUTE


def test_a_call_that_would_begin_too_late_is_put_back_and_waits_for_nothing(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """It was not begun; on a busy machine, or after a renewal that took long, the next turn makes it."""
    outside.calendars.fail("put", ProviderError("Late.", retry=True, code="late"))

    export_entries(outside.app)

    [entry] = rows(database)
    assert (entry.put_at, entry.problem, entry.attempts) == (outside.now, None, 0)
    assert outside.calendars.calls.count("put") == 2


def test_our_fault_on_one_of_several_entries_stops_no_other(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share their transactions; where one fails, each has its own, and that one comes back after its lease."""
    with evening.later(database):
        second = another(evening)
    honest = claimed.order_of

    def stumble(entry: CalendarEntry, appointment: Entry, *rest: Any, **named: Any) -> Any:
        if appointment.id == booked.id:
            raise ZeroDivisionError
        return honest(entry, appointment, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(claimed, "order_of", stumble)
        export_entries(outside.app)
    meanwhile = {entry.appointment_id: entry.put_at is not None for entry in rows(database)}
    outside.now += LEASE
    export_entries(outside.app)

    assert meanwhile == {booked.id: False, second.id: True}
    assert len(outside.faults) == 1
    assert all(entry.put_at and entry.problem is None for entry in rows(database))


def test_our_fault_before_the_first_call_of_a_turn_is_counted_and_the_rest_is_put_back(
    database: Database, booked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the entries would come back after each lease for ever, and nobody would hear of it."""

    def stumble(_first: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("jobs.calendar_export._calling", stumble)
        for _ in range(5):
            export_entries(outside.app)
            outside.now += LEASE

    assert len(outside.faults) == 5
    assert (row(database).problem_code, row(database).due_at) == ("fault", None)
