"""Minutes are taken and given back exactly, and the database refuses the rest."""

from datetime import UTC, datetime, timedelta

import pytest
from evening import Evening
from factories import make_appointment, make_resource
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from webapp.models import Occupancy
from webapp.models.booking.occupancy import PARENT, TEACHER
from webapp.services.booking.occupancy import release, take, take_teachers, taken_minutes, ticks

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


def test_one_taken_minute_refuses_the_whole_span(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    first = make_appointment(session, evening.slot(after=0), evening.alice)
    second = make_appointment(session, evening.slot(after=14), evening.alice)
    assert take(session, PARENT, evening.alice.id or 0, first.id or 0, range(100, 115))

    with session.begin_nested() as step:
        taken = take(session, PARENT, evening.alice.id or 0, second.id or 0, range(114, 129))
        step.rollback()

    assert not taken
    assert {row.appointment_id for row in rows(session)} == {first.id}
    assert len(rows(session)) == 15


def test_a_team_s_slot_takes_every_member_and_a_second_seat_takes_nothing_new(session: Session, now: datetime) -> None:
    """RELIABILITY I3."""
    evening = Evening(session, now)
    second, _ = evening.family("Ines", "Unused")
    team = make_resource(session, evening.event, evening.teacher, second)
    slot = evening.slot(team)

    takes = [take_teachers(session, team.id or 0, slot.id or 0, range(100, 115)) for _ in range(2)]

    assert takes == [True, True]
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
    take_teachers(session, evening.resource.id or 0, alone.id or 0, range(100, 115))

    assert not take_teachers(session, team.id or 0, together.id or 0, range(110, 125))


def test_a_resource_without_people_takes_nobody_s_time(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    room = make_resource(session, evening.event)

    assert take_teachers(session, room.id or 0, evening.slot(room).id or 0, range(100, 115))
    assert rows(session) == []


def test_what_is_released_is_the_appointment_s_and_the_slot_s_with_its_last(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot(capacity=2)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    [first], [second] = evening.book(slot), evening.book(slot, maker=bob, child=ben)

    release(session, appointment_id=first.id or 0, slot_id=slot.id or 0)

    assert {row.appointment_id for row in rows(session)} == {second.id, None}
    assert {row.slot_id for row in rows(session)} == {slot.id, None}


def test_the_taken_minutes_of_a_span_are_told_by_person(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot(minutes=15)
    evening.book(slot)
    minutes = ticks(slot.starts_at, slot.ends_at)

    taken = taken_minutes(
        session, TEACHER, [evening.teacher.id or 0, 4711], range(minutes.start + 10, minutes.stop + 5)
    )

    assert taken == {evening.teacher.id: set(range(minutes.start + 10, minutes.stop))}


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
