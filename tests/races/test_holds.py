"""Holds and whole plans race as bookings do: a time has one holder, a plan is had whole or not at all."""

from datetime import timedelta

import pytest
from races.scene import Scene, came
from sqlmodel import update
from threads import at_once

from webapp.models import Class
from webapp.services.booking.errors import NotOffered, SlotChanged, SlotTaken
from webapp.services.booking.holds import HOLD

pytestmark = [pytest.mark.races, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _each_child_may_have_several(playing: Scene) -> None:
    with playing.database.transaction() as session:
        session.execute(update(Class).values(appointments_allowed=3))


def test_of_two_who_hold_one_time_at_once_one_has_it(playing: Scene) -> None:
    first, second = came(*at_once(playing.take(0, 2, until=HOLD), playing.take(2, 2, until=HOLD)))

    assert sorted([first, second], key=str) == [SlotTaken, None]
    assert playing.holders()[2] == (0 if first is None else 2)
    assert playing.is_sound


def test_a_time_that_one_holds_and_another_books_at_once_has_one_holder(playing: Scene) -> None:
    held, booked = came(*at_once(playing.take(2, 2, until=HOLD), playing.take(1, 2)))

    assert (held, booked) in {(None, SlotTaken), (SlotTaken, None)}
    assert playing.holders()[2] == (2 if held is None else 1)
    assert playing.is_sound


def test_two_plans_that_share_times_are_had_whole_or_not_at_all(playing: Scene) -> None:
    """RELIABILITY 2.8, overlapping plans: chosen in opposite order, so that each might wait for the other."""
    first, second = came(*at_once(playing.take(0, 2, 3), playing.take(2, 3, 2)))

    assert sorted([first, second], key=str) == [SlotTaken, None]
    assert playing.holders() == {0: 0, 1: 1} | ({2: 0, 3: 0} if first is None else {2: 2, 3: 2})
    assert playing.is_sound


def test_what_expired_is_its_familys_or_whoevers_comes_first(playing: Scene) -> None:
    playing.take(2, 2, until=-timedelta(seconds=1))()

    mine, theirs = came(*at_once(playing.take(2, 2), playing.take(1, 2)))

    assert (mine, theirs) in {(None, SlotTaken), (SlotTaken, None)}
    assert playing.holders()[2] == (2 if mine is None else 1)
    assert playing.is_sound


def test_a_family_that_books_in_one_tab_and_holds_in_another_has_what_it_booked(playing: Scene) -> None:
    """A hold never blocks its own family."""
    booked, held = came(*at_once(playing.take(2, 2), playing.take(2, 3, until=HOLD)))

    assert [booked, held] == [None, None]
    assert {2: 2}.items() <= playing.holders().items() <= {0: 0, 1: 1, 2: 2, 3: 2}.items()
    assert playing.is_sound


def test_a_time_that_is_held_and_blocked_at_once_is_held_before_or_not_at_all(playing: Scene) -> None:
    """RELIABILITY I6"""
    held, blocked = came(*at_once(playing.take(2, 2, until=HOLD), playing.block(2)))

    assert (held, blocked) in {(None, None), (SlotChanged, None), (NotOffered, None)}
    assert playing.holders() == {0: 0, 1: 1} | ({2: 2} if held is None else {})
    assert playing.is_sound


def test_a_time_that_one_holds_and_another_moves_to_at_once_has_one_holder(playing: Scene) -> None:
    held, moved = came(*at_once(playing.take(2, 2, until=HOLD), playing.move(0, 2)))

    assert (held, moved) in {(None, SlotTaken), (SlotTaken, None)}
    assert playing.holders() == ({0: 0, 1: 1, 2: 2} if held is None else {1: 1, 2: 0})
    assert playing.is_sound
