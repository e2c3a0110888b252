"""One meeting is made, changed and removed for each wish, whatever the provider answers and whenever."""

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from evening import Evening
from outside import QUARANTINE, Outside
from sqlmodel import col, select
from threads import at_once

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Host, Meeting, Slot
from webapp.models.system.wished import ABSENT
from webapp.providers.base import MadeMeeting, PasscodeRule
from webapp.services.booking.agenda import Entry, agenda
from webapp.services.booking.consequences import follow
from webapp.services.booking.still_outside import is_still_outside
from webapp.services.booking.wish_meetings import NEEDS_RECONNECT, NOT_CONNECTED
from webapp.services.meeting.claimed import order_of
from webapp.services.meeting.decide import Decision, decide
from webapp.services.meeting.settle import store_made
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import ASK_AGAIN_AFTER, LEASE, MOST_FAULTS, Claim, claim_due
from webapp.services.system.installation import begin_again, life_of, resume
from webapp.services.system.wishes import Step

pytestmark = pytest.mark.both_databases

LOST = ProviderError("Lost.", retry=True, arrived=True, code="timeout")
DOWN = ProviderError("Down.", retry=True, code="unreachable")
REFUSED = ProviderError("Refused.", retry=False, code="refused")
HOUR = timedelta(hours=1)


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


@pytest.fixture
def booked(database: Database, evening: Evening) -> Appointment:
    with evening.later(database):
        return evening.book(evening.slot())[0]


def row(database: Database, appointment: Appointment) -> Meeting:
    """The newest row of the appointment."""
    with database.reading() as session:
        query = select(Meeting).where(col(Meeting.appointment_id) == appointment.id)
        return session.exec(query.order_by(col(Meeting.id).desc())).first() or pytest.fail("no meeting")


def entry(database: Database, appointment: Appointment) -> Entry:
    with database.reading() as session:
        return agenda(session, col(Appointment.id) == appointment.id)[0]


def claimed(database: Database, now: datetime) -> Claim:
    with database.transaction() as session:
        [claim] = claim_due(session, Meeting, now=now)
        return claim


def decided(database: Database, claim: Claim, now: datetime) -> Decision:
    with database.transaction() as session:
        return decide(session, claim, quarantine=QUARANTINE, now=now)


def test_a_wished_meeting_is_made_and_its_link_shown(database: Database, booked: Appointment, outside: Outside) -> None:
    """R3, R4, R5: at the host's, for the appointment's time, nobody doing anything; no licence key, plan or limit."""
    outside.tick()

    [made] = outside.meetings.standing()
    shown = entry(database, booked)
    assert (made.starts_at, made.minutes, made.topic) == (
        shown.starts_at,
        15,
        "Folake Adeyemi, Fall Conferences 2026",
    )
    assert (shown.room.url, shown.room.passcode) == (made.shown().join_url, made.passcode)
    meeting = row(database, booked)
    assert (meeting.remote_id, meeting.linked_at, meeting.due_at, meeting.claim) == (made.id, outside.now, None, None)
    assert (meeting.attempts, meeting.attempt_at, meeting.problem) == (0, None, None)


def test_no_name_of_a_child_leaves_the_school(booked: Appointment, outside: Outside) -> None:
    outside.tick()

    [made] = outside.meetings.standing()
    assert "Mia" not in made.topic + made.marker
    assert "Alvarez" not in made.topic + made.marker


def test_the_attempt_is_stamped_and_committed_before_the_call(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY D4."""
    seen: list[datetime | None] = []
    outside.meetings.on_call = lambda method: seen.append(row(database, booked).attempt_at)

    outside.tick()

    assert seen == [outside.now]


def test_no_transaction_is_open_while_the_provider_is_called(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """Others book meanwhile."""

    def book_another(method: str) -> None:
        with evening.later(database):
            bob, ben = evening.family("Bob", "Ben", evening.teacher)
            assert evening.book(evening.slot(), maker=bob, child=ben)

    outside.meetings.on_call = lambda method: book_another(method) if len(outside.meetings.calls) == 1 else None
    outside.tick()

    assert len(outside.meetings.standing()) == 2


@pytest.mark.parametrize("arrives", [True, False])
def test_after_an_unknown_outcome_it_is_looked_up_once_the_quarantine_is_over(
    database: Database, booked: Appointment, outside: Outside, arrives: bool
) -> None:
    """RELIABILITY 2.2: never two. What arrived is adopted, what did not is made."""
    outside.tick_failing("make", LOST)
    if not arrives:
        outside.meetings.meetings.clear()
    for seconds in (5, 60, 74):
        outside.tick(timedelta(seconds=seconds))
    within = list(outside.meetings.calls)

    outside.tick(timedelta(seconds=1))

    assert within == ["make"]
    assert outside.meetings.calls == ["make", "find"] + ([] if arrives else ["make"])
    [one] = outside.meetings.standing()
    assert entry(database, booked).room.url == one.shown().join_url
    assert row(database, booked).attempt_at is None


def test_while_it_waits_for_the_quarantine_the_reason_stays_in_sight(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    outside.tick_failing("make", LOST)
    outside.tick(timedelta(seconds=10))

    meeting = row(database, booked)
    assert (meeting.problem, meeting.problem_code) == ("Lost.", "timeout")
    assert meeting.due_at == meeting.attempt_at + QUARANTINE if meeting.attempt_at else False


@pytest.mark.parametrize("trouble", [DOWN, REFUSED, LOST], ids=lambda e: e.code)
def test_a_look_up_that_fails_does_not_forget_what_it_looks_for(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, trouble: ProviderError
) -> None:
    """Else the next try would make a second meeting."""
    outside.tick_failing("make", LOST)
    outside.meetings.fail("find", trouble)
    outside.tick(QUARANTINE)
    with evening.later(database) as session:
        follow(session, [booked.id or 0], now=outside.now, retry=True)

    for _ in range(3):
        outside.tick(QUARANTINE)

    assert len(outside.meetings.meetings) == 1
    assert entry(database, booked).room.url


def test_of_several_that_carry_the_marker_the_oldest_is_kept(booked: Appointment, outside: Outside) -> None:
    outside.tick_failing("make", LOST)
    [first] = outside.meetings.standing()
    outside.meetings.meetings["91"] = replace(first, id="91")

    outside.tick(QUARANTINE)

    assert outside.meetings.standing() == [first]


def test_a_crash_after_the_answer_is_made_good_by_the_next_claim(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY F12: dead between the answer and our commit."""
    claim = claimed(database, outside.now)
    decision = decided(database, claim, outside.now)
    assert decision.step is Step.MAKE
    assert decision.order
    outside.meetings.make(decision.order)

    outside.tick(LEASE)
    outside.tick(QUARANTINE)

    assert outside.meetings.calls == ["make", "find"]
    assert len(outside.meetings.meetings) == 1
    assert entry(database, booked).room.url


def restored(database: Database, now: datetime) -> None:
    """A backup from before anything was tried, and an operator who resumes."""
    with database.transaction() as session:
        begin_again(session, because="restored", who=SYSTEM, now=now)
        resume(session, who=SYSTEM, now=now)


def test_what_an_earlier_life_of_the_data_wished_is_looked_up_and_adopted(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    """ADMIN-032, RELIABILITY I11: it was made since the backup, in which nothing had been tried."""
    with database.reading() as session:
        order = order_of(session, row(database, booked))
    outside.meetings.make(order)
    restored(database, outside.now)

    outside.tick()

    assert outside.meetings.calls == ["make", "find"]
    [made] = outside.meetings.standing()
    assert entry(database, booked).room.url == made.shown().join_url


def test_what_an_earlier_life_did_not_make_is_looked_up_once_and_made_as_of_this_life(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    restored(database, outside.now)

    outside.tick_failing("make", DOWN)
    outside.tick(HOUR)

    assert outside.meetings.calls == ["find", "make", "make"]
    [made] = outside.meetings.standing()
    with database.reading() as session:
        assert made.marker.startswith(f"{life_of(session)}-")
    assert row(database, booked).marker == made.marker


def test_a_late_answer_after_a_newer_wish_writes_nothing_and_leaves_no_meeting(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY I14: cancelled while the provider was being called."""

    def cancel(method: str) -> None:
        if method == "make":
            with evening.later(database):
                evening.cancel(booked)

    outside.meetings.on_call = cancel
    outside.tick()
    meeting = row(database, booked)
    left = len(outside.meetings.standing())
    outside.tick(QUARANTINE)

    assert (meeting.wish, meeting.remote_id, meeting.join_url, left) == (ABSENT, None, None, 1)
    assert outside.meetings.calls == ["make", "find", "remove"]
    assert outside.meetings.standing() == []
    assert row(database, booked).gone_at == outside.now


def test_a_claim_that_was_overtaken_settles_nothing(database: Database, booked: Appointment, outside: Outside) -> None:
    claim = claimed(database, outside.now)
    decision = decided(database, claim, outside.now)
    assert decision.order
    newer = claimed(database, outside.now + LEASE)

    with database.transaction() as session:
        made = MadeMeeting("77", "https://zoom.us/j/77", "x")
        assert not store_made(session, claim, decision.order, made, now=outside.now)

    assert decided(database, claim, outside.now).step is Step.NOTHING
    assert row(database, booked).claim == newer.receipt


def test_a_row_that_is_gone_by_now_is_nothing_to_do(database: Database, booked: Appointment, outside: Outside) -> None:
    claim = claimed(database, outside.now)
    with database.transaction() as session:
        session.delete(session.get_one(Appointment, booked.id))

    assert decided(database, claim, outside.now).step is Step.NOTHING


def test_while_somebody_cancels_the_one_who_decides_does_not_call(database: Database, now: datetime) -> None:
    """Many times: whoever is first, the row never forgets a try, and no try begins after the cancelling."""
    for _ in range(12):
        with database.transaction() as session:
            evening = Evening(session, now, "zoom")
            [booked] = evening.book(evening.slot())
        with database.transaction() as session:
            [claim] = [c for c in claim_due(session, Meeting, now=now) if c.id == row(database, booked).id]

        def cancel(evening: Evening = evening, booked: Appointment = booked) -> None:
            with evening.later(database):
                evening.cancel(booked)

        decision, _ = at_once(lambda claim=claim: decided(database, claim, now), cancel)

        meeting = row(database, booked)
        assert isinstance(decision, Decision)
        is_trying = decision.step is Step.MAKE
        assert is_trying == (meeting.attempt_at is not None) == (meeting.due_at is not None) == (not meeting.gone_at)


def test_who_cancels_waits_for_a_decision_under_way_and_sees_its_stamp(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """Else the row would be settled as gone while its meeting is being made."""
    claim = claimed(database, outside.now)

    def cancel() -> None:
        with evening.later(database):
            evening.cancel(booked)

    other = threading.Thread(target=cancel)
    with database.transaction() as session:
        assert decide(session, claim, quarantine=QUARANTINE, now=outside.now).step is Step.MAKE
        other.start()
        other.join(0.3)
    other.join(10)

    meeting = row(database, booked)
    assert (meeting.wish, meeting.attempt_at, meeting.gone_at) == (ABSENT, outside.now, None)
    assert meeting.due_at == outside.now


def test_a_moved_appointment_s_meeting_is_changed_not_made_anew(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R100: F29. Re-timed, under the same link, once."""
    outside.tick()
    [was] = outside.meetings.standing()
    with evening.later(database):
        evening.move(booked, then := evening.slot())
    outside.tick()

    [now_] = outside.meetings.standing()
    assert (now_.id, now_.starts_at) == (was.id, then.starts_at)
    assert outside.meetings.calls == ["make", "change"]


def test_moved_while_it_is_being_changed_it_is_changed_again_after_that(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """One at a time: two changes under way could arrive in the wrong order."""
    outside.tick()
    with evening.later(database):
        second, third = evening.slot(), evening.slot()
        evening.move(booked, second)
    under_way: list[int] = []

    def move_on(method: str) -> None:
        under_way.append(1)
        if len(under_way) == 1:
            with evening.later(database):
                evening.move(booked, third)
            assert_not_due(database, outside.now)

    outside.meetings.on_call = move_on
    outside.tick()

    assert outside.meetings.calls == ["make", "change", "change"]
    assert [m.starts_at for m in outside.meetings.standing()] == [third.starts_at]
    assert row(database, booked).due_at is None


def assert_not_due(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        assert claim_due(session, Meeting, now=now) == []


def test_moved_while_it_is_being_made_it_is_changed_after_that(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    def move(method: str) -> None:
        if method == "make":
            with evening.later(database):
                evening.move(booked, evening.slot())

    outside.meetings.on_call = move
    outside.tick()

    [made] = outside.meetings.standing()
    assert outside.meetings.calls == ["make", "change"]
    assert made.starts_at == entry(database, booked).starts_at


def test_what_was_adopted_at_an_old_time_is_brought_up_to_date(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    outside.tick_failing("make", LOST)
    with evening.later(database):
        evening.move(booked, evening.slot())

    outside.tick(QUARANTINE)

    assert outside.meetings.calls == ["make", "find", "change"]
    assert outside.meetings.standing()[0].starts_at == entry(database, booked).starts_at


def test_a_move_back_before_the_job_came_needs_no_call(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """A host has 100 creates and updates a day."""
    outside.tick()
    with evening.later(database) as session:
        was = session.get_one(Appointment, booked.id).slot_id
        evening.move(booked, evening.slot())
    with evening.later(database) as session:
        evening.move(booked, session.get_one(Slot, was))
    outside.tick()

    assert outside.meetings.calls == ["make"]
    assert row(database, booked).due_at is None


def test_a_change_that_was_refused_and_taken_back_is_nobody_s_trouble_any_more(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """Else the office would read for ever that the meeting has its former time."""
    outside.tick()
    with evening.later(database) as session:
        was = session.get_one(Appointment, booked.id).slot_id
        assert evening.connection
        evening.connection.needs_reconnect_at = evening.now
        evening.move(booked, evening.slot())
    outside.tick()
    refused = row(database, booked).problem_code

    with evening.later(database) as session:
        evening.move(booked, session.get_one(Slot, was))

    assert (refused, row(database, booked).problem) == (NEEDS_RECONNECT, None)
    assert outside.meetings.calls == ["make"]


def test_a_cancelled_appointment_s_meeting_is_removed_even_if_it_was_gone(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R100: removing is idempotent."""
    outside.tick()
    outside.meetings.meetings.clear()
    with evening.later(database):
        evening.cancel(booked)
    outside.tick()

    assert outside.meetings.calls == ["make", "remove"]
    assert row(database, booked).gone_at == outside.now


@pytest.mark.parametrize("trouble", [DOWN, LOST, REFUSED], ids=lambda e: e.code)
def test_a_removal_that_fails_is_tried_until_it_is_done(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, trouble: ProviderError
) -> None:
    outside.tick()
    with evening.later(database):
        evening.cancel(booked)
    outside.meetings.fail("remove", trouble)
    outside.tick()

    outside.tick(ASK_AGAIN_AFTER)

    assert outside.meetings.standing() == []
    assert row(database, booked).gone_at == outside.now


def test_a_retired_meeting_whose_host_is_gone_from_the_provider_is_gone_with_it(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """A user who was deleted and made anew has no meetings; deleting people here does not wait for it."""
    outside.tick_failing("make", LOST)
    outside.meetings.meetings.clear()
    outside.knows("anew")
    with evening.later(database) as session:
        assert evening.host
        evening.host.remote_id = "anew"
        follow(session, [booked.id or 0], now=outside.now)
    outside.meetings.fail("find", ProviderError("Unknown user.", retry=False, code="not_found"))

    outside.tick(QUARANTINE)

    with evening.later(database) as session:
        retired, current = evening.meetings(booked)
        held_up = session.exec(select(Appointment).where(is_still_outside())).all()
    assert (retired.wish, retired.gone_at, retired.due_at, retired.problem) == (ABSENT, outside.now, None, None)
    assert (current.host_key, bool(current.join_url), held_up) == ("anew", True, [])


def test_a_removal_on_which_our_own_code_fails_is_not_given_up(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """I11: whatever was wrong is mended in a later version, and the meeting goes."""

    def stumble(method: str) -> None:
        raise ZeroDivisionError(method)

    outside.tick()
    with evening.later(database):
        evening.cancel(booked)
    outside.meetings.on_call = stumble
    for _ in range(MOST_FAULTS):
        outside.tick(LEASE, may_fail=True)
    seldom = row(database, booked).due_at

    outside.meetings.on_call = None
    outside.tick(ASK_AGAIN_AFTER)

    assert seldom == outside.now
    assert outside.meetings.standing() == []
    assert row(database, booked).gone_at == outside.now


def test_what_was_deleted_at_the_provider_is_made_anew(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    outside.tick()
    outside.meetings.meetings.clear()
    with evening.later(database):
        evening.move(booked, evening.slot())
    outside.tick()

    [made] = outside.meetings.standing()
    assert outside.meetings.calls == ["make", "change", "make"]
    assert entry(database, booked).room.url == made.shown().join_url


DIGITS = PasscodeRule(length=6, only_allow_numeric=True)


def refuse_letters(outside: Outside, evening: Evening) -> None:
    outside.meetings.rules[f"z{evening.teacher.id}"] = DIGITS


def test_a_passcode_is_made_to_the_stored_rule_at_the_first_try(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R92, R94"""
    refuse_letters(outside, evening)
    with evening.later(database):
        assert evening.host
        evening.host.passcode_rule = json.dumps(vars(DIGITS))
    outside.tick()

    assert outside.meetings.calls == ["make"]
    assert outside.meetings.standing()[0].passcode.isdigit()


def test_where_the_stored_rule_is_older_it_is_read_again_and_the_second_try_follows_it(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R94, ADMIN-033: at once, and the new rule is kept."""
    refuse_letters(outside, evening)
    with evening.later(database):
        assert evening.host
        evening.host.passcode_rule = json.dumps(vars(PasscodeRule(length=8, have_letter=True)))
    outside.tick()

    assert outside.meetings.calls == ["make", "passcode_rule", "make"]
    assert outside.meetings.standing()[0].passcode.isdigit()
    with database.reading() as session:
        host = session.exec(select(Host)).one()
        assert (json.loads(host.passcode_rule), host.checked_at) == (vars(DIGITS), outside.now)


def test_refused_twice_it_is_given_up_with_the_rule_in_brackets_and_not_asked_again(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """R93: not hammered."""
    said = ProviderError("Not allowed: [%(rule)s]", retry=False, code="passcode", rule="only numbers")
    outside.meetings.fail("make", said, times=2)
    for hours in (0, 1, 24):
        outside.tick(hours * HOUR)

    meeting = row(database, booked)
    assert outside.meetings.calls == ["make", "passcode_rule", "make"]
    assert (meeting.due_at, meeting.attempt_at, meeting.problem_code) == (None, None, "passcode")
    assert meeting.problem
    assert meeting.problem % json.loads(meeting.problem_values) == "Not allowed: [only numbers]"


def test_the_second_try_is_a_call_of_its_own_with_a_stamp_of_its_own(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    """RELIABILITY D4: the quarantine counts from the call that may have arrived, not from the one before."""
    said = ProviderError("Not allowed: [%(rule)s]", retry=False, code="passcode", rule="only numbers")
    outside.meetings.fail("make", said)
    stamps: list[datetime | None] = []

    def later(method: str) -> None:
        stamps.append(row(database, booked).attempt_at)
        outside.now += timedelta(seconds=10)

    outside.meetings.on_call = later
    begun = outside.now
    outside.tick()

    assert stamps == [begun, begun, begun + timedelta(seconds=20)]


def test_a_second_try_of_unknown_outcome_is_looked_up_too(
    evening: Evening, booked: Appointment, outside: Outside
) -> None:
    said = ProviderError("Not allowed: [%(rule)s]", retry=False, code="passcode", rule="only numbers")
    outside.meetings.fail("make", said)
    outside.tick_failing("make", LOST)

    outside.tick(QUARANTINE)

    assert outside.meetings.calls == ["make", "passcode_rule", "make", "find"]
    assert len(outside.meetings.meetings) == 1


def test_a_refusal_is_tried_again_after_growing_pauses(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    pauses: list[float] = []
    outside.meetings.fail("make", DOWN, times=9)
    for _ in range(9):
        outside.tick()
        meeting = row(database, booked)
        assert meeting.due_at
        assert meeting.attempt_at is None
        pauses.append((meeting.due_at - outside.now).total_seconds())
        outside.now = meeting.due_at
    outside.tick()

    expected = [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert all(0.8 * wanted <= pause <= 1.2 * wanted for pause, wanted in zip(pauses, expected, strict=True))
    assert entry(database, booked).room.url


@pytest.mark.parametrize("step", ["make", "change"])
def test_what_only_the_operator_can_mend_is_tried_every_hour_and_comes_by_itself(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, step: str
) -> None:
    """RELIABILITY 2.3: nothing tells us when a wrong client secret is mended."""
    if step == "change":
        outside.tick()
        with evening.later(database):
            evening.move(booked, evening.slot())
    outside.meetings.fail(step, ProviderError("Wrong secret.", retry=False, code="invalid_client"), times=2)
    outside.tick()
    waiting = row(database, booked)
    outside.tick(ASK_AGAIN_AFTER - timedelta(seconds=1))
    tried = outside.meetings.calls.count(step)

    outside.tick(timedelta(seconds=1))
    outside.tick(ASK_AGAIN_AFTER)

    assert (waiting.problem_code, waiting.attempt_at, tried) == ("invalid_client", None, 1)
    assert (row(database, booked).problem, row(database, booked).due_at) == (None, None)
    assert outside.meetings.standing()[0].starts_at == entry(database, booked).starts_at


def test_the_provider_s_own_pause_is_kept(database: Database, booked: Appointment, outside: Outside) -> None:
    """429: as told."""
    midnight = outside.now + 9 * HOUR
    outside.tick_failing("make", ProviderError("Slower.", retry=True, after=midnight, code="host_limit"))
    outside.tick(HOUR)

    assert outside.meetings.calls == ["make"]
    assert row(database, booked).due_at == midnight


@pytest.mark.parametrize(
    ("column", "code"), [("disconnected_at", NOT_CONNECTED), ("needs_reconnect_at", NEEDS_RECONNECT)]
)
def test_without_a_live_connection_no_call_is_made_and_the_reason_is_said(
    database: Database, evening: Evening, booked: Appointment, outside: Outside, column: str, code: str
) -> None:
    """RELIABILITY 2.6: jobs pause."""
    with evening.later(database):
        setattr(evening.connection, column, outside.now)
    outside.tick()

    meeting = row(database, booked)
    assert outside.meetings.calls == []
    assert (meeting.due_at, meeting.problem_code, meeting.attempt_at) == (None, code, None)


def test_a_removal_waits_for_a_connection_by_itself(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """Nobody follows a cancelled appointment: it has to ask again without being told."""
    outside.tick()
    with evening.later(database):
        evening.connection.disconnected_at = outside.now
        evening.cancel(booked)
    outside.tick()
    kept = len(outside.meetings.standing())
    with evening.later(database):
        evening.connection.disconnected_at = None
    outside.tick(ASK_AGAIN_AFTER)

    assert (kept, outside.meetings.standing()) == (1, [])


def test_what_was_not_made_in_time_is_not_made_any_more(
    database: Database, booked: Appointment, outside: Outside
) -> None:
    outside.tick_failing("make", DOWN)
    outside.now = entry(database, booked).ends_at

    outside.tick()

    assert outside.meetings.calls == ["make"]
    assert (row(database, booked).due_at, row(database, booked).problem_code) == (None, "over")


def test_what_is_made_once_it_has_begun_is_told_no_time_that_the_provider_would_not_take(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    """PROVIDERS 1.4: a past start is kept by nobody; each try would be one of the host's 100 a day."""
    outside.tick_failing("make", DOWN)
    outside.now = entry(database, booked).starts_at + timedelta(minutes=5)

    outside.tick()
    outside.tick(HOUR)

    assert outside.meetings.calls == ["make", "make"]
    assert row(database, booked).due_at is None
    assert entry(database, booked).room.url


def test_a_new_time_that_could_not_be_told_before_it_began_is_not_told_for_ever(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    outside.tick()
    with evening.later(database):
        evening.move(booked, evening.slot())
    outside.tick_failing("change", DOWN)
    outside.now = entry(database, booked).starts_at + timedelta(minutes=5)

    outside.tick()
    outside.tick(HOUR)

    assert outside.meetings.calls == ["make", "change", "change"]
    assert row(database, booked).due_at is None


def test_our_own_fault_on_one_row_stops_no_other(
    database: Database, evening: Evening, booked: Appointment, outside: Outside
) -> None:
    with evening.later(database):
        bob, ben = evening.family("Bob", "Ben", evening.teacher)
        [his] = evening.book(evening.slot(), maker=bob, child=ben)

    def stumble(method: str) -> None:
        if len(outside.meetings.calls) == 1:
            raise ZeroDivisionError

    outside.meetings.on_call = stumble
    outside.tick(may_fail=True)
    after_it = entry(database, his).room.url
    outside.tick(LEASE)
    outside.tick(QUARANTINE)

    assert after_it
    assert entry(database, booked).room.url
    assert len(outside.meetings.meetings) == 2
