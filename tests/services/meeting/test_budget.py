"""What a provider allows is spent before it is called, and a limit stops only what it is about."""

from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_host, make_resource, make_teacher
from outside import Outside
from sqlmodel import col, select
from threads import at_once

from webapp.context import Confab
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Connection, HostDay, Meeting, Pace
from webapp.services.meeting.budget import LIGHT, RATES, SHARE, Allowance, Permit, permit
from webapp.services.meeting.claim import claim_meetings
from webapp.services.system.errand import LEASE, Claim
from webapp.services.system.turns import ONE_CALL

pytestmark = pytest.mark.both_databases

TEN_MINUTES = timedelta(minutes=10)


def limited(code: str, after: datetime | None = None) -> ProviderError:
    return ProviderError("Limited.", retry=True, code=code, after=after)


def midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


def book(database: Database, evening: Evening, n: int = 1) -> list[Appointment]:
    """By one family after the other, all with the same teacher; gives the appointments."""
    booked = []
    with evening.later(database):
        for nth in range(n):
            parent, child = evening.family(f"Parent{nth}", f"Child{nth}", evening.teacher)
            booked += evening.book(evening.slot(), maker=parent, child=child)
    return booked


def rows(database: Database) -> list[Meeting]:
    with database.reading() as session:
        return list(session.exec(select(Meeting).order_by(col(Meeting.id))))


def with_settings(outside: Outside, **values: object) -> None:
    wired: Confab = outside.app.extensions["confab"]
    changed = wired.settings.model_copy(update=values)
    outside.app.extensions["confab"] = Confab(changed, wired.database, wired.providers)


def book_a_colleague(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database) as session:
        colleague = make_teacher(session, evening.school, "Ben")
        make_host(session, colleague)
        outside.knows(f"z{colleague.id}")
        parent, child = evening.family("Carla", "Chris", colleague)
        slot = evening.slot(make_resource(session, evening.event, colleague))
        evening.book(slot, maker=parent, child=child)


def test_f10_a_host_whose_day_is_used_up_is_parked_without_a_call(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """F10: forecast by our own count; the third of three waits until after midnight UTC, and is made then."""
    with_settings(outside, zoom_host_day=2)
    book(database, evening, 3)

    outside.tick()

    assert outside.meetings.calls == ["make", "make"]
    parked = rows(database)[2]
    assert (parked.problem_code, parked.claim, parked.attempt_at, parked.attempts) == ("host_limit", None, None, 0)
    assert parked.due_at
    assert midnight(outside.now) <= parked.due_at <= midnight(outside.now) + TEN_MINUTES
    outside.tick(midnight(outside.now) + TEN_MINUTES - outside.now)
    assert all(meeting.remote_id and not meeting.problem for meeting in rows(database))


def test_f10_what_zoom_says_of_a_host_stops_that_host_alone(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """ADMIN-035"""
    book(database, evening, 2)
    book_a_colleague(database, evening, outside)
    outside.meetings.fail("make", limited("host_limit", midnight(outside.now)))

    outside.tick()

    assert outside.meetings.calls == ["make", "make"]
    assert [row.problem_code for row in rows(database)] == ["host_limit", "host_limit", ""]


def test_removals_count_as_writes(database: Database, evening: Evening, outside: Outside) -> None:
    """PROVIDERS 1.5: older texts say that they count; we budget as if they do."""
    [booked] = book(database, evening)
    outside.tick()

    with evening.later(database):
        evening.cancel(booked)
    outside.tick()

    with database.reading() as session:
        [host] = session.exec(select(HostDay)).all()
    assert (outside.meetings.standing(), host.used) == ([], 2)


def test_what_never_left_uses_up_nobody_s_day(database: Database, evening: Evening, outside: Outside) -> None:
    """RELIABILITY B6: when the provider can be reached again, the meetings are made at once."""
    with_settings(outside, zoom_host_day=2)
    book(database, evening)
    for _ in range(3):
        outside.meetings.fail("make", ProviderError("Down.", retry=True, code="unreachable"))
        outside.tick(TEN_MINUTES)

    outside.tick(TEN_MINUTES)

    assert len(outside.meetings.standing()) == 1
    with database.reading() as session:
        assert [host.used for host in session.exec(select(HostDay))] == [1]


def test_what_may_have_arrived_counts(database: Database, evening: Evening, outside: Outside) -> None:
    book(database, evening)
    outside.meetings.fail("make", ProviderError("Lost.", retry=True, arrived=True, code="timeout"))

    outside.tick()

    with database.reading() as session:
        assert [host.used for host in session.exec(select(HostDay))] == [1]


def test_an_account_whose_day_is_used_up_is_left_alone_until_it_goes_on(
    database: Database, evening: Evening, outside: Outside
) -> None:
    book(database, evening, 2)
    ends = outside.now + timedelta(hours=3)
    outside.meetings.fail("make", limited("account_limit", ends))

    outside.tick()

    assert outside.meetings.calls == ["make"]
    assert [meeting.problem_code for meeting in rows(database)] == ["account_limit"] * 2
    outside.tick(ends - outside.now + TEN_MINUTES)
    assert all(meeting.remote_id for meeting in rows(database))


def test_f12_a_second_s_limit_stops_its_label_for_that_time_and_lowers_the_rate(
    database: Database, evening: Evening, outside: Outside
) -> None:
    book(database, evening)
    outside.tick()
    book(database, evening, 2)
    ends = (outside.now + timedelta(seconds=2)) + timedelta(seconds=5)
    outside.meetings.calls.clear()
    outside.meetings.fail("make", limited("rate", ends))

    outside.tick(timedelta(seconds=2))

    assert outside.meetings.calls == ["make"]
    with database.reading() as session:
        paces = {pace.label: pace for pace in session.exec(select(Pace))}
    assert paces[LIGHT].per_second == pytest.approx(0.8 * SHARE * RATES["pro"][LIGHT])
    assert (paces[LIGHT].paused_until, paces[""].paused_until) == (ends, None)
    outside.tick(timedelta(seconds=10))
    assert all(meeting.remote_id for meeting in rows(database))


def test_silence_raises_the_rate_again_and_never_above_the_plan(
    database: Database, evening: Evening, outside: Outside
) -> None:
    book(database, evening)
    outside.tick()
    with database.transaction() as session:
        [pace] = session.exec(select(Pace).where(Pace.label == LIGHT)).all()
        pace.per_second = 10.0

    seen = [_permit(database, outside.now + timedelta(seconds=s)).spacing for s in (5, 5000)]

    assert seen == pytest.approx([1 / (10 + 0.05 * 28.2), 1 / 28.2])


def test_one_who_is_too_close_to_another_change_waits_alone(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """The lock-key rule: 429 "Too many concurrent requests"."""
    book(database, evening, 2)
    outside.meetings.fail("make", limited("concurrent"))

    outside.tick()

    refused, other = rows(database)
    assert (refused.problem_code, other.remote_id is not None) == ("concurrent", True)
    assert refused.due_at
    assert refused.due_at <= outside.now + timedelta(seconds=2)


def test_no_two_claims_are_of_one_host(database: Database, evening: Evening, outside: Outside) -> None:
    """Also not while another claimant writes to it; one that died holds up the others no longer than a call lasts."""
    book(database, evening, 2)
    book_a_colleague(database, evening, outside)
    first, second, colleague = [row.id for row in rows(database)]

    assert [claim.id for claim in _claimed(database, outside.now)] == [first, colleague]
    assert _claimed(database, outside.now + ONE_CALL - timedelta(seconds=1)) == []
    assert [claim.id for claim in _claimed(database, outside.now + ONE_CALL)] == [second]
    assert len(_claimed(database, outside.now + LEASE + ONE_CALL)) == 2


def test_permits_that_are_asked_for_at_once_lie_a_call_apart(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Each takes a place of its own, whoever asks; what is too far away is not taken."""
    book(database, evening)

    asked = at_once(*[lambda: _permit(database, outside.now, "free")] * 8)
    taken = sorted(permit.wait for permit in asked if isinstance(permit, Permit))
    later = [_permit(database, outside.now, "free") for _ in range(6)]

    apart = 1 / (SHARE * RATES["free"][LIGHT])
    assert taken == pytest.approx([n * apart for n in range(8)], abs=0.001)
    assert [permit.is_granted for permit in later] == [True] * 4 + [False] * 2


def test_a_clock_that_is_set_back_stops_no_account(database: Database, evening: Evening, outside: Outside) -> None:
    """The next place lies an hour ahead then, where nobody has taken one."""
    book(database, evening)
    _permit(database, outside.now + timedelta(hours=1))

    back = [_permit(database, outside.now) for _ in range(2)]

    apart = 1 / (SHARE * RATES["pro"][LIGHT])
    assert [permit.is_granted for permit in back] == [True, True]
    assert [permit.wait for permit in back] == pytest.approx([0.0, apart], abs=0.001)


def test_forty_edits_within_half_a_minute_are_told_once(database: Database, evening: Evening, outside: Outside) -> None:
    """The family's link stands meanwhile, and is the right one: the meeting stays the same."""
    [booked] = book(database, evening)
    outside.tick()
    [before] = rows(database)
    with_settings(outside, merge_seconds=30)

    for n in range(40):
        with evening.later(database):
            evening.move(booked, evening.slot())
        outside.tick(timedelta(milliseconds=500 if n else 0))
        assert rows(database)[0].join_url == before.join_url

    assert outside.meetings.calls == ["make"]
    outside.tick(timedelta(seconds=30))
    assert outside.meetings.calls == ["make", "change"]
    [after] = rows(database)
    assert (after.due_at, after.join_url, after.attempts) == (None, before.join_url, 0)


def test_making_and_removing_do_not_wait_for_quiet(database: Database, evening: Evening, outside: Outside) -> None:
    with_settings(outside, merge_seconds=30)
    [booked] = book(database, evening)
    outside.tick()
    with evening.later(database):
        evening.cancel(booked)
    outside.tick()

    assert outside.meetings.calls == ["make", "remove"]


def _claimed(database: Database, now: datetime) -> list[Claim]:
    with database.transaction() as session:
        return claim_meetings(session, Meeting, now=now)


def _permit(database: Database, now: datetime, plan: str = "pro") -> Permit:
    with database.transaction() as session:
        connection = session.exec(select(Connection)).one()
        meeting = session.exec(select(Meeting).limit(1)).one()
        return permit(
            session,
            connection,
            meeting,
            label=LIGHT,
            calls=1,
            writes=1,
            allowance=Allowance(plan, 0),
            now=now,
        )
