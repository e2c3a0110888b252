"""What may be taken in any minute is shared by all processes, and forgotten a minute later."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session
from threads import at_once

from webapp.db import Database
from webapp.services.system.allowance import room_again, take
from webapp.services.system.rate import forget_old

pytestmark = pytest.mark.both_databases

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def taken(session: Session, number: int, *, now: datetime) -> int:
    return take(session, "calls", number, limit=100, per=MINUTE, now=now)


def test_who_takes_at_once_gets_what_the_limit_allows_and_no_more(session: Session, now: datetime) -> None:
    assert [taken(session, 70, now=now), taken(session, 70, now=now), taken(session, 1, now=now)] == [70, 30, 0]


def test_in_no_minute_is_more_taken_wherever_it_begins(session: Session, now: datetime) -> None:
    """Taken at the end of one minute and at the beginning of the next it would be twice as much."""
    begin, got = now, []
    for second in range(200):
        got += [(second, taken(session, 7, now=begin + second * SECOND))]

    assert max(sum(n for at, n in got if first <= at <= first + 60) for first in range(140)) == 100
    assert sum(n for _, n in got) > 300, "what is forgotten may be taken again"


def test_what_was_refused_is_not_counted(session: Session, now: datetime) -> None:
    taken(session, 60, now=now)
    for _ in range(5):
        taken(session, 100, now=now + 50 * SECOND)

    assert taken(session, 100, now=now + 61 * SECOND) == 60


def test_it_is_known_when_there_is_room_again(session: Session, now: datetime) -> None:
    assert room_again(session, "calls", per=MINUTE, now=now) == now
    taken(session, 100, now=now)
    taken(session, 1, now=now + 30 * SECOND)

    again = room_again(session, "calls", per=MINUTE, now=now + 30 * SECOND)

    assert now + MINUTE <= again <= now + MINUTE + SECOND
    assert (taken(session, 1, now=again - SECOND), taken(session, 1, now=again)) == (0, 1)


def test_who_takes_with_a_clock_that_is_late_sees_what_the_others_took(session: Session, now: datetime) -> None:
    taken(session, 100, now=now + 2 * SECOND)

    assert taken(session, 1, now=now) == 0


def test_what_was_taken_before_the_clock_was_set_back_is_in_nobodys_way(session: Session, now: datetime) -> None:
    taken(session, 100, now=now + 60 * MINUTE)

    assert taken(session, 70, now=now) == 70
    assert taken(session, 70, now=now) == 30
    assert room_again(session, "calls", per=MINUTE, now=now) <= now + MINUTE + SECOND


def test_housekeeping_forgets_nothing_that_counts(session: Session, now: datetime) -> None:
    taken(session, 100, now=now)
    forget_old(session, now=now + MINUTE)

    assert taken(session, 1, now=now + MINUTE - SECOND) == 0


def test_those_who_take_at_once_get_together_what_the_limit_allows(database: Database, now: datetime) -> None:
    """As processes do, of a provider's limit for the whole installation; their clocks differ by a second."""

    def take_ten_times(at: datetime) -> int:
        got = 0
        for _ in range(10):
            with database.transaction() as session:
                got += taken(session, 7, now=at)
        return got

    assert sum(at_once(*(lambda at=now + n % 2 * SECOND: take_ten_times(at) for n in range(4)))) == 100  # type: ignore[misc]
