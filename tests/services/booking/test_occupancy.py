"""Minutes are taken and given back exactly, and the database refuses the rest."""

from datetime import UTC, datetime, timedelta

import pytest
from evening import Evening
from factories import make_appointment, make_resource
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from webapp.models import Appointment, Contact, Occupancy, Slot
from webapp.models.booking.occupancy import PARENT, TEACHER
from webapp.services.booking.occupancy import Clash, Span, release, take, ticks

pytestmark = pytest.mark.both_databases

FOUR = datetime(2026, 12, 3, 22, 0, tzinfo=UTC)


def rows(session: Session) -> list[Occupancy]:
    return list(session.exec(select(Occupancy)).all())


def test_a_span_has_its_first_minute_and_not_its_last() -> None:
    assert len(ticks(FOUR, FOUR + timedelta(minutes=15))) == 15
    assert ticks(FOUR, FOUR + timedelta(minutes=15)).stop == ticks(FOUR + timedelta(minutes=15), FOUR).start


def test_a_minute_that_is_only_touched_counts_whole() -> None:
    assert len(ticks(FOUR + timedelta(seconds=30), FOUR + timedelta(minutes=1, seconds=1))) == 2


def test_an_hour_across_the_change_of_clocks_has_sixty_minutes() -> None:
    """RELIABILITY 2.7: Chicago falls back at 7:00 UTC."""
    change = datetime(2026, 11, 1, 7, 0, tzinfo=UTC)

    assert len(ticks(change - timedelta(minutes=30), change + timedelta(minutes=30))) == 60


def of_parent(appointment: Appointment, minutes: range) -> Span:
    return Span(PARENT, appointment.contact_id, minutes.start, minutes.stop, appointment.id, None)


def of_teachers(slot: Slot, minutes: range, *teachers: Contact) -> list[Span]:
    return [Span(TEACHER, teacher.id or 0, minutes.start, minutes.stop, None, slot.id) for teacher in teachers]


def test_one_taken_minute_is_a_clash_and_names_its_holder(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    first = make_appointment(session, evening.slot(after=0), evening.alice)
    second = make_appointment(session, evening.slot(after=14), evening.alice)
    assert take(session, [of_parent(first, range(100, 115))]) is None

    with session.begin_nested() as step:
        clash = take(session, [of_parent(second, range(114, 129))])
        step.rollback()

    assert clash == Clash(of_parent(second, range(114, 129)), first.id, None)
    assert {row.appointment_id for row in rows(session)} == {first.id}
    assert len(rows(session)) == 15


def test_of_two_chosen_times_that_overlap_the_later_is_the_clash(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    early = make_appointment(session, evening.slot(after=0), evening.alice)
    late = make_appointment(session, evening.slot(after=14), evening.alice)

    clash = take(session, [of_parent(early, range(100, 115)), of_parent(late, range(114, 129))])

    assert clash == Clash(of_parent(late, range(114, 129)), early.id, None)


def test_a_team_s_slot_takes_every_member_and_a_second_seat_takes_nothing_new(session: Session, now: datetime) -> None:
    """RELIABILITY I3."""
    evening = Evening(session, now)
    second, _ = evening.family("Ines", "Unused")
    slot = evening.slot(make_resource(session, evening.event, evening.teacher, second))

    clashes = [take(session, of_teachers(slot, range(100, 115), evening.teacher, second)) for _ in range(2)]

    assert clashes == [None, None]
    assert {(row.kind, row.subject_id) for row in rows(session)} == {
        (TEACHER, evening.teacher.id),
        (TEACHER, second.id),
    }
    assert len(rows(session)) == 30


def test_one_busy_member_refuses_the_team(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    second, _ = evening.family("Ines", "Unused")
    team = make_resource(session, evening.event, evening.teacher, second)
    alone, together = evening.slot(), evening.slot(team)
    take(session, of_teachers(alone, range(100, 115), evening.teacher))

    clash = take(session, of_teachers(together, range(110, 125), evening.teacher, second))

    assert clash is not None
    assert (clash.span.subject_id, clash.slot_id) == (evening.teacher.id, alone.id)


def test_a_resource_without_people_takes_nobody_s_time(session: Session, now: datetime) -> None:
    assert take(session, []) is None
    assert rows(session) == []


def test_what_is_released_is_the_appointment_s_and_the_slot_s_with_its_last(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot(capacity=2)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    [first], [second] = evening.book(slot), evening.book(slot, maker=bob, child=ben)

    release(session, {first.id or 0: slot.id or 0})

    assert {row.appointment_id for row in rows(session)} == {second.id, None}
    assert {row.slot_id for row in rows(session)} == {slot.id, None}


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "cat", "appointment_id": 1},
        {"kind": "parent"},
        {"kind": "parent", "appointment_id": 1, "slot_id": 1},
    ],
)
def test_the_database_refuses_a_row_that_says_nothing(
    session: Session, now: datetime, values: dict[str, object]
) -> None:
    evening = Evening(session, now)
    booked = make_appointment(session, evening.slot(), evening.alice)
    ties = {name: booked.id if name == "appointment_id" else booked.slot_id for name in values if name != "kind"}

    session.add(Occupancy(subject_id=1, tick=1, **values | ties))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
