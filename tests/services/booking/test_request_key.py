"""One form, one effect: sent again it gets what it got before."""

from datetime import datetime

import pytest
from evening import Evening
from factories import make_login
from sqlmodel import select
from threads import at_once

from webapp.db import Database
from webapp.models import Appointment, Contact, Event, EventSettings, RequestKey, Slot, Student
from webapp.services.booking.book import Choice, book
from webapp.services.booking.change import cancel_own, move_own
from webapp.services.booking.errors import KeyUsed, SlotTaken
from webapp.services.booking.family import child_of
from webapp.services.booking.request_key import keep_result, take_key
from webapp.services.event.open_events import Round
from webapp.services.system.audit import Who

pytestmark = pytest.mark.both_databases


@pytest.fixture
def login(database: Database) -> int:
    with database.transaction() as session:
        return make_login(session, "alice@mail.example").id or 0


def asked(database: Database, now: datetime, login: int | None, *request: object, **result: object) -> object:
    """The request `key-1` in a transaction of its own, and what it got before."""
    key, action, *rest = request
    with database.transaction() as session:
        return take_key(session, str(key), str(action), *rest, login_id=login, now=now, result=result or None)


def test_a_key_not_yet_used_has_no_result(database: Database, now: datetime, login: int) -> None:
    assert asked(database, now, login, "key-1", "book", "slot") is None


def test_the_same_request_again_gets_its_result(database: Database, now: datetime, login: int) -> None:
    """RELIABILITY I7: the same form sent twice."""
    asked(database, now, login, "key-1", "book", "slot", True, ids=[1, 2])

    assert asked(database, now, login, "key-1", "book", "slot", True) == {"ids": [1, 2]}
    assert asked(database, now, login, "key-2", "book", "slot", True) is None


def test_a_result_may_be_told_when_the_deed_is_done(database: Database, now: datetime, login: int) -> None:
    with database.transaction() as session:
        take_key(session, "key-1", "slots", login_id=login, now=now)
        keep_result(session, "key-1", {"slots": 12})

    assert asked(database, now, login, "key-1", "slots") == {"slots": 12}


@pytest.mark.parametrize("other", [("book", "other"), ("cancel", "slot"), ("book",)])
def test_a_used_key_carries_nothing_else(
    database: Database, now: datetime, login: int, other: tuple[object, ...]
) -> None:
    asked(database, now, login, "key-1", "book", "slot")

    with pytest.raises(KeyUsed) as caught:
        asked(database, now, login, "key-1", *other)

    assert caught.value.status == 409


def test_a_used_key_is_of_no_use_to_another_login(database: Database, now: datetime, login: int) -> None:
    """Whoever finds a form that was sent learns nothing from sending it again."""
    asked(database, now, login, "key-1", "book", "slot", act="hers")
    with database.transaction() as session:
        bob = make_login(session, "bob@mail.example").id

    for stranger in (bob, None):
        with pytest.raises(KeyUsed):
            asked(database, now, stranger, "key-1", "book", "slot")


def test_a_refusal_does_not_use_the_key_up(database: Database, now: datetime, login: int) -> None:
    """RELIABILITY D2: a 409 leaves it good."""

    def refused() -> None:
        with database.transaction() as session:
            take_key(session, "key-1", "book", "slot", login_id=login, now=now)
            raise SlotTaken(time="4 PM", teacher="Folake Adeyemi")

    with pytest.raises(SlotTaken):
        refused()

    assert asked(database, now, login, "key-1", "book", "slot") is None


def test_the_key_itself_is_not_stored(database: Database, now: datetime, login: int) -> None:
    asked(database, now, login, "key-1", "book")

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
    """As a view does it."""
    with database.transaction() as session:
        if earlier := take_key(session, key, "book", slot.token, login_id=None, now=now):
            return earlier["ids"]
        choice = Choice(slot.token, child_of(session, maker, child.token))
        ids = book(session, event, session.get_one(EventSettings, event.id), maker, [choice], now=now)
        keep_result(session, key, {"ids": ids})
        return ids


@pytest.mark.parametrize("deed", ["cancel", "move"])
def test_a_form_that_cancelled_or_moved_is_of_no_use_to_another_login(
    database: Database, now: datetime, login: int, deed: str
) -> None:
    """Though it stands for the same contact: an administrator who logged in as them, or who took over the address."""
    with database.transaction() as session:
        evening = Evening(session, now)
        [booked] = evening.book(evening.slot())
        slot = evening.slot()

    def send(who: Who) -> None:
        with database.transaction() as session:
            found = Round(evening.event, evening.settings)
            mine = {"key": "key-1", "who": who, "now": now}
            if deed == "cancel":
                cancel_own(session, found, evening.alice, booked.token, **mine)
            else:
                move_own(session, found, evening.alice, booked.token, slot=slot.token, kind="", **mine)

    send(Who(login))
    send(Who(login))
    with pytest.raises(KeyUsed):
        send(Who(None))
