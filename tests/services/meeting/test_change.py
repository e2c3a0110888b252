"""A change whose outcome is not known is told again only when it must have arrived, so that the newest time wins."""

import time
from datetime import datetime, timedelta

import pytest
from evening import Evening
from outside import QUARANTINE, Outside
from sqlmodel import col, select

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Meeting, Slot
from webapp.providers.base import MadeMeeting, MeetingOrder
from webapp.services.meeting.decide import PROMPT, decide
from webapp.services.system.errand import LEASE, claim_due

pytestmark = pytest.mark.both_databases

LOST = ProviderError("Lost.", retry=True, arrived=True, code="timeout")
DOWN = ProviderError("Down.", retry=True, code="unreachable")


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


@pytest.fixture
def linked(database: Database, evening: Evening, outside: Outside) -> Appointment:
    with evening.later(database):
        booked = evening.book(evening.slot())[0]
    outside.tick()
    outside.meetings.calls.clear()
    return booked


def row(database: Database) -> Meeting:
    with database.reading() as session:
        return session.exec(select(Meeting).order_by(col(Meeting.id).desc())).first() or pytest.fail("no meeting")


def move(evening: Evening, database: Database, booked: Appointment, slot: Slot | None = None) -> Slot:
    with evening.later(database):
        slot = slot or evening.slot()
        evening.move(booked, slot)
    return slot


def starts(outside: Outside) -> list[datetime]:
    return [meeting.starts_at for meeting in outside.meetings.standing()]


def test_a_lost_change_is_told_again_after_the_quarantine_and_not_before(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """RELIABILITY 2.2: a late PATCH must not come after a newer one."""
    move(evening, database, linked)
    outside.tick_failing("change", LOST)
    third = move(evening, database, linked)
    for seconds in (5, 60, 74):
        outside.tick(timedelta(seconds=seconds))
    within = list(outside.meetings.calls)

    outside.tick(timedelta(seconds=1))

    assert within == ["change"]
    assert outside.meetings.calls == ["change", "change"]
    assert starts(outside) == [third.starts_at]
    assert (row(database).attempt_at, row(database).due_at) == (None, None)


def test_moved_back_after_a_lost_change_it_is_told_all_the_same(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """What was told before the lost change is not what the provider may have now."""
    with evening.later(database) as session:
        was = session.get_one(Slot, evening.again(linked).slot_id)
    move(evening, database, linked)
    outside.tick_failing("change", LOST)
    assert starts(outside) != [was.starts_at]
    move(evening, database, linked, was)

    outside.tick(QUARANTINE)

    assert starts(outside) == [was.starts_at]


def test_moved_back_after_a_change_that_was_done_and_could_not_be_read_it_is_told_all_the_same(
    database: Database, evening: Evening, linked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change is read again to see its link; where that alone fails, nothing is on its way, and the time is told."""
    with evening.later(database) as session:
        was = session.get_one(Slot, evening.again(linked).slot_id)
    then = move(evening, database, linked)
    honest = outside.meetings.change

    def not_read(remote_id: str, order: MeetingOrder, *, by: float) -> MadeMeeting:
        honest(remote_id, order, by=by)
        raise DOWN

    with monkeypatch.context() as patch:
        patch.setattr(outside.meetings, "change", not_read)
        outside.tick()
    assert starts(outside) == [then.starts_at]
    move(evening, database, linked, was)

    outside.tick(timedelta(seconds=10))

    assert starts(outside) == [was.starts_at]


def test_a_crash_during_a_change_leaves_its_trace(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """RELIABILITY F16"""
    move(evening, database, linked)
    with database.transaction() as session:
        [claim] = claim_due(session, Meeting, now=outside.now)
    with database.transaction() as session:
        decide(session, claim, quarantine=QUARANTINE, now=outside.now)
    assert row(database).attempt_at == outside.now

    outside.tick(LEASE)
    assert outside.meetings.calls == []
    outside.tick(QUARANTINE)
    assert outside.meetings.calls == ["change"]


def test_a_change_that_was_clearly_refused_needs_no_quarantine(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    then = move(evening, database, linked)
    outside.tick_failing("change", DOWN)
    assert row(database).attempt_at is None

    outside.tick(timedelta(seconds=10))

    assert starts(outside) == [then.starts_at]


def test_an_answer_with_another_time_is_told_again_after_growing_pauses(
    database: Database, evening: Evening, linked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its link is shown meanwhile; a provider that keeps its own time is not hammered."""
    then = move(evening, database, linked)
    honest = outside.meetings.change
    monkeypatch.setattr(outside.meetings, "change", lambda *a, **k: _other_time(honest(*a, **k)))
    pauses: list[float] = []
    for _ in range(4):
        outside.tick()
        due = row(database).due_at
        assert due
        assert row(database).join_url
        pauses.append((due - outside.now).total_seconds())
        outside.now = due
    monkeypatch.setattr(outside.meetings, "change", honest)

    outside.tick()

    assert pauses == sorted(pauses)
    assert pauses[0] >= 4
    assert pauses[-1] > 25
    assert (row(database).due_at, starts(outside)) == (None, [then.starts_at])


def test_the_call_is_told_by_when_it_has_to_begin(
    evening: Evening, database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quarantine counts from the stamp: a call that a slow token holds up must not begin after it."""
    seen: list[float] = []
    for name in ("make", "change"):
        honest = getattr(outside.meetings, name)

        def noting(*args: object, by: float, honest: object = honest) -> MadeMeeting:
            seen.append(by - time.monotonic())
            return honest(*args, by=by)  # type: ignore[operator]

        monkeypatch.setattr(outside.meetings, name, noting)
    with evening.later(database):
        booked = evening.book(evening.slot())[0]
    outside.tick()
    move(evening, database, booked)
    outside.tick()

    assert len(seen) == 2
    assert all(PROMPT - 3 < left <= PROMPT for left in seen)


def _other_time(made: MadeMeeting) -> MadeMeeting:
    assert made.starts_at
    return MadeMeeting(made.remote_id, made.join_url, made.passcode, made.host_key, made.starts_at - timedelta(hours=1))
