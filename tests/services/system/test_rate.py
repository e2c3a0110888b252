"""Tries are counted in the database, by all processes together, and forgotten."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select
from threads import at_once

from webapp.db import Database
from webapp.errors import TooManyTries
from webapp.i18n import sentence
from webapp.models import Rate
from webapp.services.system.rate import count_try, forget_old, mailbox, tries

pytestmark = pytest.mark.both_databases

MINUTE = timedelta(minutes=1)


def test_tries_of_one_thing_count_up_and_those_of_another_do_not(session: Session, now: datetime) -> None:
    assert [tries(session, "a", per=MINUTE, now=now) for _ in range(3)] == [1, 2, 3]
    assert tries(session, "b", per=MINUTE, now=now) == 1


def test_a_new_window_begins_at_one(session: Session, now: datetime) -> None:
    tries(session, "a", per=MINUTE, now=now)

    assert tries(session, "a", per=MINUTE, now=now + MINUTE) == 1


def test_above_the_limit_it_is_refused_with_the_time_to_wait(session: Session, now: datetime) -> None:
    for _ in range(2):
        count_try(session, "a", limit=2, per=15 * MINUTE, now=now)

    with pytest.raises(TooManyTries) as caught:
        count_try(session, "a", limit=2, per=15 * MINUTE, now=now)

    assert (caught.value.status, sentence(caught.value)) == (
        429,
        "Too many tries. Wait 15 minutes, then try again.",
    )


def test_a_refused_try_whose_transaction_is_undone_stays_refused(database: Database, now: datetime) -> None:
    def count() -> None:
        with database.transaction() as session:
            count_try(session, "a", limit=2, per=MINUTE, now=now)

    for _ in range(2):
        count()

    for _ in range(3):
        with pytest.raises(TooManyTries):
            count()


def test_eight_who_try_at_once_are_eight_tries(database: Database, now: datetime) -> None:
    def try_ten_times() -> list[int]:
        counts = []
        for _ in range(10):
            with database.transaction() as session:
                counts.append(tries(session, "a", per=MINUTE, now=now))
        return counts

    counts = at_once(*[try_ten_times] * 8)

    assert sorted(n for mine in counts for n in mine) == list(range(1, 81))


def test_what_is_counted_is_not_stored_in_words(session: Session, now: datetime) -> None:
    tries(session, "password alice@mail.example", per=MINUTE, now=now)

    assert "alice" not in session.exec(select(Rate)).one().key


def test_only_what_is_over_is_forgotten(session: Session, now: datetime) -> None:
    tries(session, "a", per=MINUTE, now=now - 2 * MINUTE)
    tries(session, "b", per=MINUTE, now=now)

    forget_old(session, now=now)

    assert len(session.exec(select(Rate)).all()) == 1
    assert tries(session, "b", per=MINUTE, now=now) == 2


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("me+1@mail.example", "me@mail.example"),
        ("m.e@mail.example", "m.e@mail.example"),
        ("m.e+a+b@gmail.com", "me@gmail.com"),
        ("m.e@googlemail.com", "me@gmail.com"),
    ],
)
def test_what_is_delivered_to_one_mailbox_is_counted_as_one(written: str, counted: str) -> None:
    """LOGIN-021; the account stays by the exact address."""
    assert mailbox(written) == counted
