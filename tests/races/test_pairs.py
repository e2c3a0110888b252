"""Two deeds at the same moment end as if one had come after the other, on both databases."""

from datetime import timedelta

import pytest
from factories import EVENING, make_class, make_guardian, make_host, make_resource, make_slot, make_teacher
from races.scene import Scene, came
from sqlmodel import Session, col, select, update
from threads import at_once

from webapp.models import Appointment, Class, School, Slot, Student
from webapp.services.booking.errors import (
    AlreadyCancelled,
    AppointmentMoved,
    ChildBusy,
    NotOffered,
    SlotChanged,
    SlotTaken,
)

pytestmark = [pytest.mark.races, pytest.mark.both_databases]


def test_a_time_that_is_cancelled_and_booked_at_once_goes_to_the_next_or_is_free(playing: Scene) -> None:
    cancelled, booked = came(*at_once(playing.cancel(0), playing.book(2, 0)))

    assert (cancelled, booked) in {(None, None), (None, SlotTaken)}
    assert playing.holders() == {1: 1} | ({0: 2} if booked is None else {})
    assert playing.is_sound


def test_a_time_that_one_moves_to_and_another_books_goes_to_one_and_the_first_loses_nothing(playing: Scene) -> None:
    """RELIABILITY I8"""
    moved, booked = came(*at_once(playing.move(0, 2), playing.book(2, 2)))

    assert (moved, booked) in {(None, SlotTaken), (SlotTaken, None)}
    assert playing.holders() == ({1: 1, 2: 0} if moved is None else {0: 0, 1: 1, 2: 2})
    assert playing.is_sound


def test_a_time_that_is_left_and_booked_at_once_has_one_holder_at_most(playing: Scene) -> None:
    moved, booked = came(*at_once(playing.move(0, 2), playing.book(2, 0)))

    assert (moved, booked) in {(None, None), (None, SlotTaken)}
    assert playing.holders() == {1: 1, 2: 0} | ({0: 2} if booked is None else {})
    assert playing.is_sound


def test_two_who_swap_times_at_once_are_both_refused_and_keep_what_they_have(playing: Scene) -> None:
    """BOOK-044"""
    refused = came(*at_once(playing.move(0, 1), playing.move(1, 0)))

    assert refused == [SlotTaken, SlotTaken]
    assert playing.holders() == {0: 0, 1: 1}
    assert playing.is_sound


def test_two_who_move_to_one_time_at_once_one_is_there_and_the_other_where_they_were(playing: Scene) -> None:
    refused = came(*at_once(playing.move(0, 2), playing.move(1, 2)))

    assert sorted(refused, key=str) == [SlotTaken, None]
    assert playing.holders() == ({1: 1, 2: 0} if refused[0] is None else {0: 0, 2: 1})
    assert playing.is_sound


def test_what_two_cancel_at_once_is_cancelled_once(playing: Scene) -> None:
    refused = came(*at_once(playing.cancel(0), playing.cancel(0)))

    assert sorted(refused, key=str) == [AlreadyCancelled, None]
    assert playing.holders() == {1: 1}
    assert playing.is_sound


def test_what_is_cancelled_and_moved_at_once_ends_cancelled_or_where_it_was_moved_to(playing: Scene) -> None:
    """Whoever comes second is told what happened, and nothing of the appointment stays behind anywhere."""
    cancelled, moved = came(*at_once(playing.cancel(0), playing.move(0, 2)))

    assert (cancelled, moved) in {(None, AlreadyCancelled), (None, None), (AppointmentMoved, None)}
    assert playing.holders() == {1: 1} | ({2: 0} if cancelled else {})
    assert playing.is_sound


def test_a_time_that_the_office_blocks_and_a_family_books_at_once_is_booked_before_or_not_at_all(
    playing: Scene,
) -> None:
    """RELIABILITY I6"""
    blocked, booked = came(*at_once(playing.block(2), playing.book(2, 2)))

    assert (blocked, booked) in {(None, None), (None, SlotChanged), (None, NotOffered)}
    assert playing.holders() == {0: 0, 1: 1} | ({2: 2} if booked is None else {})
    assert playing.is_sound


def test_a_time_that_the_office_deletes_and_a_family_books_at_once_is_red_or_not_booked(playing: Scene) -> None:
    """RELIABILITY I6: an appointment that came first is kept and says that its time is gone."""
    deleted, booked = came(*at_once(playing.delete(2), playing.book(2, 2)))

    assert (deleted, booked) in {(None, None), (None, SlotChanged), (None, NotOffered)}
    with playing.database.reading() as session:
        theirs = session.exec(select(Appointment).where(col(Appointment.slot_id) == playing.slots[2].id)).all()
        assert [a.problem for a in theirs] == (["slot_removed"] if booked is None else [])
    assert playing.is_sound


def test_of_two_parents_who_book_one_child_for_one_hour_at_once_one_is_refused(playing: Scene) -> None:
    """RELIABILITY I4: with different teachers, so that only the child's minutes collide."""
    with playing.database.transaction() as session:
        (_, child), _, (other, _) = playing.families
        make_guardian(session, other, child)
        session.execute(update(Class).values(appointments_allowed=2))
        playing.families[2] = (other, child)
        playing.slots.append(slot_of_another_teacher(session, playing, child))

    refused = came(*at_once(playing.book(0, 4), playing.book(2, 2)))

    assert sorted(refused, key=str) == [ChildBusy, None]
    assert len(playing.holders()) == 3
    assert playing.is_sound


def slot_of_another_teacher(session: Session, playing: Scene, child: Student) -> Slot:
    """In the middle of the third one's time."""
    school = session.get_one(School, playing.event.school_id)
    teacher = make_teacher(session, school, "Jonas", "Eriksen")
    make_class(session, school, teacher, child)
    make_host(session, teacher)
    resource = make_resource(session, playing.event, teacher)
    return make_slot(session, resource, at=EVENING + timedelta(minutes=35), kind="V")
