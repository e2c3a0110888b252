"""The races would see it: without its constraint the same race ends in what the audit counts."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count

import pytest
from evening import Evening
from factories import make_appointment, make_class, make_guardian, make_resource, make_teacher, stored
from races.audit import wrongs
from races.crowd import Setting
from races.databases import BOTH, loosen, without_key, wrong_in
from races.scene import set_scene
from races.senders import Senders
from races.server import Running
from races.storm import Storm
from sqlmodel import Session
from threads import at_once

from webapp.db import Database
from webapp.errors import Busy
from webapp.models import ClassTeacher, EventSettings, Occupancy, Slot
from webapp.models.base import new_token
from webapp.services.booking import book as booking
from webapp.services.booking import move as moving
from webapp.services.booking.book import Choice, book, book_in_turn
from webapp.services.booking.family import child_of
from webapp.services.booking.holds import HOLD
from webapp.services.booking.offers import Offer
from webapp.services.booking.turn import take_turn
from webapp.services.system.invariants import broken

pytestmark = pytest.mark.races


@pytest.fixture
def _blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the friendly checks that parents meet, only the database is left."""
    monkeypatch.setattr(booking, "free_seat", lambda *_: 1)
    monkeypatch.setattr(booking, "next_nth", lambda *_, **__: 1)


@pytest.fixture
def _uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if both had counted before either had booked."""
    monkeypatch.setattr(booking, "seen_by_all", lambda *_, **__: [])


def eight_for_one_time(database: Database, now: datetime) -> list[Callable[[], object]]:
    with database.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        slot = evening.slot()
        families = [evening.family(f"Parent {n}", f"Child {n}", evening.teacher) for n in range(8)]
    return [one_booking(database, evening, slot.token, *family) for family in families]


def one_booking(database: Database, evening: Evening, slot: str, adult: object, child: object) -> Callable[[], object]:
    def deed() -> object:
        with database.transaction() as session:
            settings = session.get_one(EventSettings, evening.event.id)
            choice = Choice(slot, child_of(session, adult, child.token))
            return book(session, evening.event, settings, adult, [choice], now=evening.now)

    return deed


@pytest.mark.parametrize("own_server", BOTH, indirect=True)
def test_a_storm_without_the_key_of_occupancy_puts_people_in_two_places(own_server: Running, senders: Senders) -> None:
    """The control of the storm, by the same road."""
    storm = Storm(Setting(teachers=6, teams=2, couples=3, slots=2).crowd(own_server), senders, random.Random(1))
    loosen(own_server.database, *without_key("occupancy"))

    with pytest.raises(AssertionError, match="in two places"):
        storm.play(200)

    found = wrongs(own_server.url)
    assert found["parents in two places"] > 0
    assert found["students in two places"] > 0
    assert found["teachers in two places"] > 0


@pytest.mark.parametrize("own_server", BOTH, indirect=True)
def test_without_the_key_of_requests_a_form_that_is_sent_twice_is_refused_by_itself(
    own_server: Running, senders: Senders
) -> None:
    """The control of the form that many send at once (RELIABILITY I7): "was just taken", by the same family."""
    crowd = Setting(teachers=1, singles=1).crowd(own_server)
    [parent], [teacher] = crowd.parents, crowd.teachers
    form = crowd.book(parent, [(parent.children[0], teacher, teacher.slots[0])])
    loosen(own_server.database, *without_key("requestkey"))

    answers = senders.race(own_server.port, [form] * 8)

    assert sorted(answer.status for answer in answers) == [303] + [409] * 7


@pytest.mark.usefixtures("_blind")
def test_the_index_of_seats_alone_gives_a_time_to_one_of_eight(lent: Database, now: datetime) -> None:
    came = at_once(*eight_for_one_time(lent, now))

    assert sorted(type(one).__name__ for one in came) == ["SlotTaken"] * 7 + ["list"]
    assert wrong_in(lent) == {}


@pytest.mark.usefixtures("_blind")
def test_without_the_index_of_seats_all_eight_have_the_time(lent: Database, now: datetime) -> None:
    deeds = eight_for_one_time(lent, now)
    loosen(lent, "DROP INDEX uq_appointment_seat")

    came = at_once(*deeds)

    assert [type(one) for one in came] == [list] * 8
    assert wrong_in(lent) == {"double seats": 8 * 7 // 2, "slots over their capacity": 1}


@pytest.mark.usefixtures("_blind")
@pytest.mark.parametrize("has_index", [True, False])
def test_the_index_of_limits_refuses_a_second_appointment_and_without_it_there_are_two(
    lent: Database, now: datetime, has_index: bool
) -> None:
    """BOOK-014, RELIABILITY I5"""
    with lent.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        tokens = [evening.slot().token for _ in range(2)]
    if not has_index:
        loosen(lent, "DROP INDEX uq_appointment_nth", "DROP INDEX uq_appointment_student_nth")

    came = at_once(*(one_booking(lent, evening, token, evening.alice, evening.mia) for token in tokens))

    refused = ["AlreadyBooked"] if has_index else ["list"]
    assert sorted(type(one).__name__ for one in came) == sorted(["list", *refused])
    assert wrong_in(lent) == ({} if has_index else {"second appointments with a teacher": 1})


@pytest.mark.usefixtures("_blind")
@pytest.mark.parametrize("has_index", [True, False])
def test_the_index_of_students_refuses_the_other_parent_a_second_appointment(
    lent: Database, now: datetime, has_index: bool
) -> None:
    """RELIABILITY I5: what a class allows is per student."""
    with lent.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        bob, _ = evening.family("Bob", "Ben", evening.teacher)
        make_guardian(session, bob, evening.mia)
        tokens = [evening.slot().token for _ in range(2)]
    if not has_index:
        loosen(lent, "DROP INDEX uq_appointment_student_nth")
    parents = zip((evening.alice, bob), tokens, strict=True)

    came = at_once(*(one_booking(lent, evening, token, parent, evening.mia) for parent, token in parents))

    refused = ["AlreadyBooked"] if has_index else ["list"]
    assert sorted(type(one).__name__ for one in came) == sorted(["list", *refused])
    assert wrong_in(lent) == ({} if has_index else {"second appointments with a teacher": 1})


@pytest.mark.usefixtures("_blind")
@pytest.mark.parametrize("has_index", [True, False])
def test_the_index_of_seats_refuses_a_second_hold_and_without_it_there_are_two(
    lent: Database, now: datetime, has_index: bool
) -> None:
    """The control of holds: they count in races as bookings do."""
    with lent.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        slot = evening.slot()
        families = [(evening.alice, evening.mia), evening.family("Bob", "Ben", evening.teacher)]
    if not has_index:
        loosen(lent, "DROP INDEX uq_appointment_seat")

    came = at_once(*(one_hold(lent, evening, slot.token, *family) for family in families))

    assert sorted(type(one).__name__ for one in came) == sorted(["list", "SlotTaken" if has_index else "list"])
    assert wrong_in(lent) == ({} if has_index else {"double seats": 1, "slots over their capacity": 1})


def one_hold(database: Database, evening: Evening, slot: str, adult: object, child: object) -> Callable[[], object]:
    def deed() -> object:
        with database.transaction() as session:
            turn = take_turn(session, evening.event.id, adult.id, [child.id])
            choice = Choice(slot, child_of(session, adult, child.token))
            until = {"until": evening.now + HOLD, "now": evening.now}
            return book_in_turn(session, turn, [choice], act=new_token(), **until)

    return deed


LIMITS = {
    "event_nth": ({"max_per_event": 1}, "EventIsFull"),
    "child_nth": ({"max_per_child": 1}, "ChildIsFull"),
    "class_nth": ({"one_per_class": True}, "ClassIsBooked"),
}


@pytest.mark.usefixtures("_blind", "_uncounted")
@pytest.mark.parametrize("ordinal", LIMITS)
@pytest.mark.parametrize("has_index", [True, False])
def test_the_index_of_a_limit_refuses_one_more_of_a_family_and_without_it_there_are_two(
    lent: Database, now: datetime, ordinal: str, has_index: bool
) -> None:
    """RELIABILITY I5, 2.8 limit n+1: with two teachers of one class, so that nothing else collides."""
    setting, refusal = LIMITS[ordinal]
    with lent.transaction() as session:
        evening = Evening(session, now)
        second = make_teacher(session, evening.school, "Jonas")
        both = make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
        stored(session, ClassTeacher(class_id=both.id, contact_id=second.id, school_id=evening.school.id))
        tokens = [evening.slot().token, evening.slot(make_resource(session, evening.event, second)).token]
        limit(evening, **setting)
    if not has_index:
        loosen(lent, f"DROP INDEX uq_appointment_{ordinal}")

    came = at_once(*(one_booking(lent, evening, token, evening.alice, evening.mia) for token in tokens))

    assert sorted(type(one).__name__ for one in came) == sorted(["list", refusal if has_index else "list"])
    with lent.reading() as session:
        twice = "two appointments that count as the same one within a limit" in {one.name for one in broken(session)}
        assert twice == (not has_index)


@pytest.mark.usefixtures("_blind", "_uncounted")
@pytest.mark.parametrize("has_index", [True, False])
def test_the_index_of_days_refuses_one_more_of_a_teacher_and_without_it_there_are_two(
    lent: Database, now: datetime, has_index: bool
) -> None:
    """RELIABILITY I5: Maximum Appointments Per Resource per Day, of two families."""
    with lent.transaction() as session:
        evening = Evening(session, now)
        families = [(evening.alice, evening.mia), evening.family("Bob", "Ben", evening.teacher)]
        tokens = [evening.slot().token for _ in families]
        limit(evening, max_per_day=1)
    if not has_index:
        loosen(lent, "DROP INDEX uq_appointment_day_nth")
    deeds = (one_booking(lent, evening, token, *family) for token, family in zip(tokens, families, strict=True))

    came = at_once(*deeds)

    assert sorted(type(one).__name__ for one in came) == sorted(["list", "DayIsFull" if has_index else "list"])


def test_many_families_fill_a_teachers_day_to_its_limit_and_not_beyond(lent: Database, now: datetime) -> None:
    """RELIABILITY 2.8 limit n+1: below the limit nobody is refused for having come at the same moment."""
    with lent.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        families = [evening.family(f"Parent {n}", f"Child {n}", evening.teacher) for n in range(8)]
        tokens = [evening.slot().token for _ in families]
        limit(evening, max_per_day=5)
    deeds = (one_booking(lent, evening, token, *family) for token, family in zip(tokens, families, strict=True))

    came = at_once(*deeds)

    assert sorted(type(one).__name__ for one in came) == ["DayIsFull"] * 3 + ["list"] * 5
    assert wrong_in(lent) == {}


def limit(evening: Evening, **settings: object) -> None:
    for name, value in settings.items():
        setattr(evening.settings, name, value)


def test_the_audit_counts_a_teacher_in_two_rooms_and_what_is_half_done(lent: Database, now: datetime) -> None:
    """Rows alone, past every service: what a broken booking would leave."""
    with lent.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        team = make_resource(session, evening.event, evening.teacher)
        bob, _ = evening.family("Bob", "Ben")
        make_appointment(session, evening.slot(after=0), evening.alice)
        make_appointment(session, evening.slot(team, after=10), bob, act="act-of-bob")
        gone = make_appointment(session, evening.slot(after=60), bob, cancelled_at=now)
        session.add(Occupancy(kind="parent", subject_id=bob.id or 0, tick=1, appointment_id=gone.id))

    assert wrong_in(lent) == {
        "teachers in two places": 1,
        "appointments without their minutes": 2,
        "minutes without their appointment": 1,
        "acts without exactly one confirmation": 2,
        "virtual appointments without exactly one wish": 2,
    }


PAIRS = {
    "book, move": lambda scene: (scene.book(2, 2), scene.move(0, 2)),
    "move, move": lambda scene: (scene.move(0, 2), scene.move(1, 2)),
    "plan, plan": lambda scene: (scene.take(2, 2, 3), scene.take(0, 3, 2)),
    "plan, move": lambda scene: (scene.take(2, 2, 3), scene.move(0, 2)),
    "cancel, book, book": lambda scene: (scene.cancel(0), scene.book(2, 0), scene.book(1, 0)),
}
"""Who wants one time, each pair of races/test_pairs.py and test_holds.py in which a seat decides."""


@pytest.mark.usefixtures("_blind")
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("has_index", [True, False])
def test_the_index_of_seats_decides_each_pair_and_without_it_a_time_has_two(
    lent: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, pair: str, has_index: bool
) -> None:
    """The controls of book/move, move/move, overlapping plans and book/cancel: as if nobody had looked."""
    numbers = count(2)  # a second appointment with the teacher is not what is tried here
    monkeypatch.setattr(booking, "next_nth", lambda *_, **__: next(numbers))
    monkeypatch.setattr(moving, "free_seat", lambda *_: 1)
    scene = set_scene(lent, now)
    if not has_index:
        loosen(lent, "DROP INDEX uq_appointment_seat")

    at_once(*PAIRS[pair](scene))

    doubles = wrong_in(lent).get("double seats", 0)
    assert (doubles == 0) == has_index


@pytest.mark.usefixtures("_blind")
@pytest.mark.parametrize("has_index", [True, False])
def test_the_index_of_seats_refuses_both_who_swap_and_without_it_each_sits_on_the_others_time(
    lent: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, has_index: bool
) -> None:
    """The control of move/swap (RELIABILITY 2.8): one after the other, either finds the other's time taken."""
    monkeypatch.setattr(moving, "free_seat", lambda *_: 1)
    scene = set_scene(lent, now)
    if not has_index:
        loosen(lent, "DROP INDEX uq_appointment_seat")

    came = at_once(scene.move(0, 1), scene.move(1, 0))

    assert [type(one).__name__ for one in came] == ["SlotTaken" if has_index else "NoneType"] * 2
    assert scene.holders() == ({0: 0, 1: 1} if has_index else {0: 1, 1: 0})


@pytest.mark.parametrize("has_version", [True, False])
def test_the_version_of_a_slot_refuses_who_looked_before_it_was_blocked_and_without_it_they_sit_on_it(
    lent: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, has_version: bool
) -> None:
    """The control of book/block (RELIABILITY I6): the family looked, the office blocked, the family books."""
    scene = set_scene(lent, now)
    seen: dict[str, Offer] = {}
    really = booking.offers_of

    def as_seen(session: Session, *asked: object, **named: object) -> dict[str, Offer]:
        if not seen:
            seen.update(really(session, *asked, **named))
            raise Busy
        version = session.get_one(Slot, scene.slots[2].id).version
        return {token: offer if has_version else replace(offer, version=version) for token, offer in seen.items()}

    monkeypatch.setattr(booking, "offers_of", as_seen)
    came_of_it = [*at_once(scene.book(2, 2)), *at_once(scene.block(2)), *at_once(scene.book(2, 2))]

    assert [type(one).__name__ for one in came_of_it][::2] == ["Busy", "SlotChanged" if has_version else "list"]
    assert (2 in scene.holders()) == (not has_version)
