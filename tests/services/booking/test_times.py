"""A family sees the times it can have, and why it cannot have the others."""

from datetime import datetime

import pytest
from evening import Evening
from factories import make_class, make_contact, make_event, make_guardian, make_resource, make_slot, make_teacher
from sqlalchemy import event as events
from sqlmodel import Session, col, select

from webapp.errors import DomainError
from webapp.models import EventSettings, Slot
from webapp.services.booking.book import Choice, book
from webapp.services.booking.family import child_of
from webapp.services.booking.times import times_of
from webapp.services.booking.timetable import TEACHER_BUSY, YOURS, Time

pytestmark = pytest.mark.both_databases


def seen(evening: Evening, *, besides: int | None = None, now: datetime | None = None) -> list[Time]:
    mine, students = evening.resource.id or 0, [evening.mia.id or 0]
    found = times_of(
        evening.session, evening.event, [mine], evening.alice, students, now=now or evening.now, besides=besides
    )
    return found[mine]


def tokens(times: list[Time]) -> list[str]:
    return [time.token for time in times]


def test_free_times_come_in_order_and_taken_hidden_removed_and_past_ones_do_not(
    session: Session, now: datetime
) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    past, late, early = evening.slot(after=0), evening.slot(after=60), evening.slot(after=30)
    evening.slot(after=45, visibility="hidden")
    evening.slot(after=75, removed_at=now)
    evening.book(evening.slot(after=90), maker=bob, child=ben)

    times = seen(evening, now=past.starts_at)

    assert tokens(times) == [early.token, late.token]
    assert [time.clash for time in times] == [None, None]
    assert (times[0].starts_at, times[0].ends_at, times[0].kind) == (early.starts_at, early.ends_at, "V")


def test_a_slot_with_a_seat_left_is_still_offered(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    slot = evening.slot(capacity=2)
    evening.book(slot, maker=bob, child=ben)

    assert [(time.token, time.clash) for time in seen(evening)] == [(slot.token, None)]


def test_a_time_of_the_family_s_own_is_shown_as_theirs(session: Session, now: datetime) -> None:
    """What a co-parent made for the same child takes a time away, as anybody's appointment would."""
    evening = Evening(session, now)
    other = make_teacher(session, evening.school, "Ines", "Ito")
    make_class(session, evening.school, other, evening.mia)
    ito = make_resource(session, evening.event, other)
    bob = make_contact(session, evening.school, "Bob")
    make_guardian(session, bob, evening.mia)
    evening.book(evening.slot(ito, after=0))
    evening.slot(after=5)
    touching, _free = evening.slot(after=15), evening.slot(after=45)

    assert [time.clash for time in seen(evening)] == [YOURS, None, None]
    evening.book(evening.slot(make_resource(session, evening.event, other), after=45, capacity=2), maker=bob)
    assert [(t.token, t.clash) for t in seen(evening)[1:]] == [(touching.token, None)]


def test_a_teacher_booked_elsewhere_is_shown_as_busy(session: Session, now: datetime) -> None:
    """In a team, and in another event at the same hour."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    team = make_resource(session, evening.event, make_teacher(session, evening.school), evening.teacher)
    evening.book(evening.slot(team, after=0), maker=bob, child=ben)
    second = make_event(session, evening.school)
    settings = session.get_one(EventSettings, second.id)
    there = evening.slot(make_resource(session, second, evening.teacher), after=30)
    choice = Choice(there.token, child_of(session, bob, ben.token))
    book(session, second, settings, bob, [choice], now=now)
    for after in (0, 15, 30):
        evening.slot(after=after)

    assert [time.clash for time in seen(evening)] == [TEACHER_BUSY, None, TEACHER_BUSY]


def test_an_appointment_about_to_move_does_not_stand_in_its_own_way(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot(after=0))
    evening.slot(after=10)

    with_it, without_it = seen(evening), seen(evening, besides=booked.id)

    assert [time.clash for time in with_it] == [YOURS]
    assert [time.clash for time in without_it] == [None]


def test_what_is_shown_as_free_can_be_booked_and_what_clashes_cannot(session: Session, now: datetime) -> None:
    """The courtesy and the database say the same."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    team = make_resource(session, evening.event, evening.teacher)
    evening.book(evening.slot(team, after=10), maker=bob, child=ben)
    for after in (0, 15, 30):
        evening.slot(after=after)

    came = {time.clash: refusal_of(evening, time) for time in seen(evening)}

    assert came == {TEACHER_BUSY: "TeacherBusy", None: ""}


def test_the_number_of_queries_does_not_grow_with_the_times(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    asked: list[str] = []
    events.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
    for _ in range(12):
        evening.slot()

    asked.clear()
    seen(evening)

    assert len(asked) == 3


def test_another_event_s_resource_shows_nothing(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    second = make_event(session, evening.school)
    stranger = make_resource(session, second, evening.teacher)
    make_slot(session, stranger)

    found = times_of(session, evening.event, [stranger.id or 0], evening.alice, [], now=now)

    assert found == {stranger.id: []}


def refusal_of(evening: Evening, time: Time) -> str:
    slot = evening.session.exec(select(Slot).where(col(Slot.token) == time.token)).one()
    with evening.session.begin_nested() as step:
        try:
            evening.book(slot)
        except DomainError as error:
            return type(error).__name__
        finally:
            step.rollback()
    return ""
