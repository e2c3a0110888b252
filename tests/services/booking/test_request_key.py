"""One form, one effect: sent again it gets what it got before."""

from datetime import datetime

import pytest
from evening import Evening
from sqlmodel import select
from threads import at_once

from webapp.db import Database
from webapp.models import Appointment, Contact, Event, EventSettings, RequestKey, Slot, Student
from webapp.services.booking.book import Choice, book
from webapp.services.booking.errors import KeyUsed, SlotTaken
from webapp.services.booking.family import child_of
from webapp.services.booking.request_key import earlier_result, remember

pytestmark = pytest.mark.both_databases


def test_a_key_not_yet_used_has_no_result(database: Database) -> None:
    with database.transaction() as session:
        assert earlier_result(session, "key-1", "book", "slot") is None


def test_the_same_request_again_gets_its_result(database: Database, now: datetime) -> None:
    """RELIABILITY I7: the same form sent twice."""
    with database.transaction() as session:
        remember(session, "key-1", "book", "slot", True, result={"ids": [1, 2]}, login_id=None, now=now)

    with database.transaction() as session:
        assert earlier_result(session, "key-1", "book", "slot", True) == {"ids": [1, 2]}
        assert earlier_result(session, "key-2", "book", "slot", True) is None


@pytest.mark.parametrize(("action", "asked"), [("book", ("other",)), ("cancel", ("slot",)), ("book", ())])
def test_a_used_key_carries_nothing_else(
    database: Database, now: datetime, action: str, asked: tuple[object, ...]
) -> None:
    with database.transaction() as session:
        remember(session, "key-1", "book", "slot", result={}, login_id=None, now=now)

    with database.transaction() as session, pytest.raises(KeyUsed) as caught:
        earlier_result(session, "key-1", action, *asked)

    assert caught.value.status == 409


def test_a_refusal_does_not_use_the_key_up(database: Database, now: datetime) -> None:
    """RELIABILITY D2: a 409 leaves it good."""

    def refused() -> None:
        with database.transaction() as session:
            remember(session, "key-1", "book", "slot", result={}, login_id=None, now=now)
            raise SlotTaken(time="4 PM", teacher="Folake Adeyemi")

    with pytest.raises(SlotTaken):
        refused()

    with database.transaction() as session:
        assert earlier_result(session, "key-1", "book", "slot") is None


def test_the_key_itself_is_not_stored(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        remember(session, "key-1", "book", result={}, login_id=None, now=now)

    with database.reading() as session:
        assert session.exec(select(RequestKey.key)).one() != "key-1"


def test_a_double_click_books_once_and_both_get_the_same_answer(database: Database, now: datetime) -> None:
    """RELIABILITY I7: though both arrive before either is done."""
    with database.transaction() as session:
        evening = Evening(session, now)
        form = (evening.event, evening.slot(), evening.alice, evening.mia)

    answers = at_once(*[lambda: booked_by_form(database, *form, "key-1", now)] * 6)

    assert isinstance(answers[0], list)
    assert answers == [answers[0]] * 6
    with database.reading() as session:
        assert len(session.exec(select(Appointment)).all()) == 1


def booked_by_form(
    database: Database, event: Event, slot: Slot, maker: Contact, child: Student, key: str, now: datetime
) -> object:
    """As the view does it."""
    with database.transaction() as session:
        if earlier := earlier_result(session, key, "book", slot.token):
            return earlier["ids"]
        choice = Choice(slot.token, child_of(session, maker, child.token))
        ids = book(session, event, session.get_one(EventSettings, event.id), maker, [choice], now=now)
        remember(session, key, "book", slot.token, result={"ids": ids}, login_id=None, now=now)
        return ids
