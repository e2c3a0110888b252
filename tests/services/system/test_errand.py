"""Each due errand goes to one claimant, and only its claimant settles it."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from factories import make_school
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select
from threads import at_once

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Task
from webapp.services.system.errand import (
    LEASE,
    LONGEST_PAUSE,
    Claim,
    claim_due,
    failed,
    is_any_due,
    next_try,
    settled,
    write_if_ours,
)

pytestmark = pytest.mark.both_databases

SECOND = timedelta(seconds=1)
DOWN = ProviderError("Down: %(what)s", retry=True, code="down", detail="x" * 5000, what=timedelta(1))


def make_tasks(session: Session, now: datetime, *due: timedelta | None) -> list[int]:
    school = make_school(session)
    rows = [
        Task(school_id=school.id, kind="test", created_at=now, due_at=None if at is None else now + at) for at in due
    ]
    session.add_all(rows)
    session.flush()
    return [row.id or 0 for row in rows]


def test_due_rows_are_claimed_longest_due_first_and_others_left(session: Session, now: datetime) -> None:
    ids = make_tasks(session, now, -SECOND, None, -3 * SECOND, SECOND, timedelta())

    claims = claim_due(session, Task, now=now)

    assert [claim.id for claim in claims] == [ids[2], ids[0], ids[4]]
    row = session.get_one(Task, ids[2])
    assert (row.due_at, row.claim, row.attempts) == (now + LEASE, claims[0].receipt, 1)
    assert len({claim.receipt for claim in claims}) == 3


def test_no_more_than_the_limit_is_claimed(session: Session, now: datetime) -> None:
    make_tasks(session, now, *[-SECOND] * 5)

    assert [len(claim_due(session, Task, now=now, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_eight_claimants_share_the_rows_and_none_is_given_twice(database: Database, now: datetime) -> None:
    """RELIABILITY 2.3: exactly once."""
    with database.transaction() as session:
        ids = make_tasks(session, now, *[-SECOND] * 60)

    def claim_all() -> list[int]:
        mine: list[int] = []
        while True:
            with database.transaction() as session:
                claims = claim_due(session, Task, now=now, limit=3)
            mine += [claim.id for claim in claims]
            if not claims:
                return mine

    claimed = Counter(number for mine in at_once(*[claim_all] * 8) for number in mine)

    # A claimant that finds the last rows locked by others ends early: they are the others'.
    assert claimed == Counter(ids)


def test_after_its_lease_a_row_is_somebody_else_s(session: Session, now: datetime) -> None:
    """The first claimant is dead or stalled: what it brings is not written (RELIABILITY I14)."""
    [number] = make_tasks(session, now, -SECOND)
    [stalled] = claim_due(session, Task, now=now)
    assert claim_due(session, Task, now=now + LEASE - SECOND) == []

    [second] = claim_due(session, Task, now=now + LEASE)

    assert not write_if_ours(session, Task, stalled, done=1)
    assert write_if_ours(session, Task, second, done=2)
    assert (session.get_one(Task, number).done, session.get_one(Task, number).attempts) == (2, 2)


@pytest.mark.parametrize("receipt", ["", "x", "None"])
def test_a_receipt_that_was_never_given_writes_nothing(session: Session, now: datetime, receipt: str) -> None:
    """Also on a row that nobody has claimed."""
    [number] = make_tasks(session, now, -SECOND)

    assert not write_if_ours(session, Task, Claim(number, receipt), done=1)


def test_a_settled_row_is_neither_due_nor_claimed(session: Session, now: datetime) -> None:
    [number] = make_tasks(session, now, -SECOND)
    [claim] = claim_due(session, Task, now=now)

    write_if_ours(session, Task, claim, **settled())

    row = session.get_one(Task, number)
    assert (row.due_at, row.claim, row.attempts, row.attempt_at, row.problem) == (None, None, 0, None, None)
    assert not write_if_ours(session, Task, claim, done=1)


def test_a_failure_is_kept_with_its_reason_and_tried_again(session: Session, now: datetime) -> None:
    [number] = make_tasks(session, now, -SECOND)
    [claim] = claim_due(session, Task, now=now)

    write_if_ours(session, Task, claim, **failed(DOWN, attempts=1, now=now))

    row = session.get_one(Task, number)
    assert row.due_at
    assert now + 4 * SECOND <= row.due_at <= now + 6 * SECOND
    assert (row.problem, row.problem_code, row.problem_at, row.claim) == ("Down: %(what)s", "down", now, None)
    assert row.problem_values == '{"what": "1 day, 0:00:00"}'
    assert len(row.problem_detail) == 1000


def test_what_cannot_work_is_given_up(session: Session, now: datetime) -> None:
    columns = failed(ProviderError("No.", retry=False, after=now + LEASE), attempts=1, now=now)

    assert (columns["due_at"], columns["problem"]) == (None, "No.")


@given(st.integers(0, 1_000_000))
def test_a_pause_grows_to_ten_minutes_and_no_further(attempts: int) -> None:
    now = datetime.fromisoformat("2026-11-23T15:00:00+00:00")

    pause = next_try(DOWN, attempts=attempts, now=now) - now

    assert 4 * SECOND <= pause <= LONGEST_PAUSE * 1.2
    assert attempts < 8 or pause >= LONGEST_PAUSE * 0.8


def test_a_named_time_is_waited_for_and_one_in_the_past_is_not_believed(now: datetime) -> None:
    later, past = (ProviderError("Slower.", retry=True, after=now + timedelta(hours=h)) for h in (2, -2))

    assert next_try(later, attempts=1, now=now) == now + timedelta(hours=2)
    assert next_try(past, attempts=1, now=now) > now


def test_looking_first_says_whether_anything_is_due(session: Session, now: datetime) -> None:
    make_tasks(session, now, SECOND, None)

    assert not is_any_due(session, Task, now=now)
    assert is_any_due(session, Task, now=now + SECOND)


def test_a_rolled_back_claim_was_never_made(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        make_tasks(session, now, -SECOND)

    def claim_and_die() -> None:
        with database.transaction() as session:
            claim_due(session, Task, now=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        claim_and_die()

    with database.transaction() as session:
        assert session.exec(select(Task.attempts).where(col(Task.claim).is_(None))).all() == [0]
        assert len(claim_due(session, Task, now=now)) == 1
