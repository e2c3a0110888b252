"""What a teacher does in their calendar is respected, what nobody wants is removed within a brake, and nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from evening import Evening
from fakes import FakeEntry
from outside import QUARANTINE, Outside
from sqlmodel import Session, col, select

from jobs.link_sync import follow_overlooked
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, CalendarEntry, CalendarLink, Sweep
from webapp.models.calendar.calendar_entry import DELETED, MOVED
from webapp.services.calendar.order import new_key
from webapp.services.calendar.sweep import begin
from webapp.services.meeting.strays import asked_about, decide
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import claim_due
from webapp.services.system.installation import begin_again, hold, life_of, resume

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now)
        evening.linked()
    return evening


@pytest.fixture
def booked(database: Database, evening: Evening, outside: Outside) -> Appointment:
    with evening.later(database):
        [booked] = evening.book(evening.slot(kind="P"))
    outside.tick()
    return booked


def current(database: Database) -> CalendarEntry:
    with database.reading() as session:
        return session.exec(select(CalendarEntry).where(col(CalendarEntry.replaced_at).is_(None))).one()


def looked_twice(outside: Outside) -> None:
    """And what the looks made due is done."""
    outside.sweep(QUARANTINE)
    outside.sweep(QUARANTINE)
    outside.tick()


def put_astray(outside: Outside, key: str, *, number: int = 1) -> list[str]:
    """Entries like the one that is there, under keys of their own."""
    [model] = [entry for entry in outside.calendars.standing() if entry.remote_id == "e-1"]
    names = [f"astray-{key[-4:]}-{n}" for n in range(number)]
    for n, name in enumerate(names):
        order = replace(model.order, key=f"{key[:-2]}{n:02}")
        outside.calendars.entries[name] = FakeEntry(name, "main", order, model.starts_at, model.ends_at)
    return names


def life(database: Database) -> str:
    with database.transaction() as session:
        return life_of(session)


def test_what_the_teacher_deleted_is_found_without_a_change_and_left_alone(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    outside.calendars.discard("e-1")
    outside.sweep(QUARANTINE)
    outside.tick()
    first = current(database).theirs

    looked_twice(outside)
    looked_twice(outside)

    assert (first, current(database).theirs) == ("", DELETED)
    assert outside.calendars.standing() == []
    assert outside.calendars.calls.count("put") == 1


def test_what_the_teacher_moved_is_known_and_so_is_that_it_was_moved_back(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    outside.calendars.drag("e-1", by=HOUR)
    looked_twice(outside)
    moved = current(database).theirs
    outside.calendars.drag("e-1", by=-HOUR)
    looked_twice(outside)

    assert (moved, current(database).theirs, current(database).theirs_at) == (MOVED, "", None)
    assert "change" not in outside.calendars.calls


def test_a_list_that_lags_concludes_nothing(database: Database, booked: Appointment, outside: Outside) -> None:
    """What is missing in a list, twice, is asked for by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outside.calendars, "ours", lambda *_, **__: [])
        looked_twice(outside)

    assert current(database).theirs == ""
    assert len(outside.calendars.standing()) == 1


def test_an_entry_of_ours_that_no_row_wants_goes_after_two_sightings(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY D6; what another installation put there, or a person, is never touched."""
    put_astray(outside, new_key(life(database)))
    [foreign] = put_astray(outside, new_key("0123456789abcdef-0"))
    [by_hand] = put_astray(outside, "")
    outside.sweep(QUARANTINE)
    after_one = len(outside.calendars.standing())

    outside.sweep(QUARANTINE)

    assert after_one == 4
    assert {entry.remote_id for entry in outside.calendars.standing()} == {"e-1", foreign, by_hand}


def test_more_than_the_brake_allows_wait_for_the_office(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    put_astray(outside, new_key(life(database)), number=6)
    looked_twice(outside)
    school, left = evening.school.id or 0, len(outside.calendars.standing())
    with database.transaction() as session:
        asked = asked_about(session, school, now=outside.now)
        decide(session, school, [one.id for one in asked], remove=True, who=SYSTEM, now=outside.now)

    outside.sweep(QUARANTINE)

    assert (left, len(asked)) == (7, 6)
    assert {(one.teacher, one.service) for one in asked} == {(evening.teacher.name, "Google")}
    assert [entry.remote_id for entry in outside.calendars.standing()] == ["e-1"]


def test_a_second_one_of_one_key_goes(database: Database, booked: Appointment, outside: Outside) -> None:
    """A provider that overlooked that the key was there already (RELIABILITY 2.5)."""
    [first] = outside.calendars.standing()
    outside.calendars.entries["twin"] = replace(first, remote_id="twin")

    looked_twice(outside)

    assert outside.calendars.standing() == [first]


def restored(session: Session, outside: Outside) -> None:
    begin_again(session, because="restored", who=SYSTEM, now=outside.now)
    resume(session, who=SYSTEM, now=outside.now)


def test_after_a_restore_what_is_missing_is_made_anew_and_what_is_new_is_asked_about(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """It was removed, or made, in the life of the data that was lost. Once seen, its owner's word counts again."""
    put_astray(outside, new_key(life(database)))
    outside.calendars.discard("e-1")
    outside.now += HOUR
    with database.transaction() as session:
        restored(session, outside)
    looked_twice(outside)
    made = current(database)
    with database.transaction() as session:
        asked = asked_about(session, evening.school.id or 0, now=outside.now)
    outside.calendars.discard(made.remote_id or "")
    looked_twice(outside)

    assert (made.generation, made.theirs, made.key.startswith(life(database).replace("-", "g"))) == (1, "", True)
    assert len(asked) == 1
    assert current(database).theirs == DELETED


def test_what_was_seen_after_a_restore_and_goes_then_was_deleted_by_its_owner(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    outside.now += HOUR
    with database.transaction() as session:
        restored(session, outside)
    outside.sweep(QUARANTINE)
    outside.calendars.discard("e-1")
    looked_twice(outside)

    assert (current(database).theirs, current(database).generation) == (DELETED, 0)


def test_while_nothing_may_be_asked_it_is_put_off(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    outside.calendars.discard("e-1")
    outside.calendars.fail("ours", ProviderError("Down.", retry=True, code="unreachable"))
    outside.sweep(QUARANTINE)
    with evening.later(database) as session:
        session.exec(select(CalendarLink)).one().needs_reconnect_at = outside.now
    looked_twice(outside)

    assert current(database).theirs == ""
    with database.reading() as session:
        assert [sweep.due_at and sweep.due_at > outside.now for sweep in session.exec(select(Sweep))] == [True]


def test_of_two_calendars_of_an_account_one_is_looked_at_after_the_other(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    """PROVIDERS 3: a mailbox answers four calls at once."""
    outside.sweep()
    with database.transaction() as session:
        first = session.exec(select(Sweep)).one()
        values = {"school_id": first.school_id, "provider": first.provider, "due_at": outside.now}
        session.add(Sweep(**values, host_key=f"{first.host_key} the second"))
        first.due_at = outside.now
        session.flush()
        claims = claim_due(session, Sweep, now=outside.now)

        looks = [begin(session, claim, quarantine=QUARANTINE, now=outside.now) for claim in claims]
        put_off = session.get_one(Sweep, claims[0].id, populate_existing=True)

        assert [look is None for look in looks] == [True, False]
        assert put_off.due_at
        assert outside.now < put_off.due_at < outside.now + timedelta(minutes=1)


def test_on_hold_nothing_is_put_on_a_calendar_or_removed(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY D6."""
    with database.transaction() as session:
        hold(session, because="a copy", who=SYSTEM, now=outside.now)
    with evening.later(database):
        evening.cancel(booked)
    outside.calendars.calls.clear()
    looked_twice(outside)
    held = list(outside.calendars.calls)
    with database.transaction() as session:
        resume(session, who=SYSTEM, now=outside.now)
    outside.tick()

    assert (held, outside.calendars.standing()) == ([], [])


def test_who_was_overlooked_is_followed_within_a_minute(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY I12: a calendar that was chosen in the moment of the booking."""
    with database.transaction() as session:
        session.exec(select(CalendarLink)).one().calendar_id = "school"
    follow_overlooked(outside.app)
    outside.tick()
    moved = [entry.calendar for entry in outside.calendars.standing()]
    with database.transaction() as session:
        session.get_one(Appointment, booked.id).cancelled_at = outside.now
    follow_overlooked(outside.app)
    outside.tick()

    assert (moved, outside.calendars.standing()) == (["school"], [])
