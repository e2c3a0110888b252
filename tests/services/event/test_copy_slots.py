"""Copy Slots: the times and what they are like go to other days, what is booked does not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from factories import EVENING, make_appointment, make_contact, make_event, make_resource, make_school, make_slot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from webapp.db import Database
from webapp.errors import Invalid
from webapp.models import Appointment, Audit, Event, Resource, School, Slot, metadata
from webapp.services.event.copy_slots import CopyInput, copy_slots, preview_copy
from webapp.services.event.create_slots import SlotsInput, create_slots
from webapp.services.event.delete_slots import delete_slots
from webapp.services.event.slots import SlotCounts, SlotSelection
from webapp.services.event.spans import ClockChanges
from webapp.services.system.audit import SYSTEM

THURSDAY, FRIDAY = "2026-12-03", "2026-12-04"


def typed(**values: Any) -> CopyInput:
    return CopyInput.model_validate({"dates": [THURSDAY], "to": [FRIDAY]} | values)


def copy(session: Session, event: Event, now: datetime, **values: Any) -> SlotCounts:
    return copy_slots(session, event, typed(**values), who=SYSTEM, now=now)


def make_evening(session: Session, slots: int = 2, **values: Any) -> tuple[Event, Resource]:
    event = make_event(session, make_school(session))
    resource = make_resource(session, event)
    for n in range(slots):
        make_slot(session, resource, at=EVENING + n * timedelta(minutes=15), **values)
    return event, resource


def shown(session: Session, event: Event, day: str = "") -> list[tuple[Any, ...]]:
    query = select(Slot).where(Slot.event_id == event.id, col(Slot.removed_at).is_(None), col(Slot.wall_start) >= day)
    slots = session.exec(query.order_by(col(Slot.resource_id), col(Slot.starts_at))).all()
    return [(s.resource_id, s.wall_start, s.starts_at, s.minutes, s.kind, s.visibility, s.capacity) for s in slots]


def test_times_and_what_they_are_like_go_along_and_appointments_do_not(session: Session, now: datetime) -> None:
    event, _ = make_evening(session, kind="PV", visibility="unavailable", message="Lunch", capacity=3)
    [first, _] = session.exec(select(Slot)).all()
    make_appointment(session, first, make_contact(session, session.get_one(School, event.school_id)))

    counts = copy(session, event, now)

    assert counts == SlotCounts(2, resources=1)
    made = shown(session, event, FRIDAY)
    assert [row[1:2] + row[3:] for row in made] == [
        (f"{FRIDAY}T16:00", 15, "PV", "unavailable", 3),
        (f"{FRIDAY}T16:15", 15, "PV", "unavailable", 3),
    ]
    assert {slot.message for slot in session.exec(select(Slot))} == {"Lunch"}
    assert len({slot.token for slot in session.exec(select(Slot))}) == 4
    assert len(session.exec(select(Appointment)).all()) == 1


def test_two_days_go_to_two_weeks_at_their_distance(session: Session, now: datetime) -> None:
    event, _ = make_evening(session, slots=1)
    copy(session, event, now)

    counts = copy(session, event, now, dates=[THURSDAY, FRIDAY], to=["2026-12-10", "2026-12-17"])

    days = [row[1][:10] for row in shown(session, event)]
    assert counts.slots == 4
    assert days == [THURSDAY, FRIDAY, "2026-12-10", "2026-12-11", "2026-12-17", "2026-12-18"]


def test_copying_twice_doubles_nothing_and_what_overlaps_stays(session: Session, now: datetime) -> None:
    event, resource = make_evening(session, slots=3)
    make_slot(session, resource, at=EVENING + timedelta(days=1, minutes=10))

    first, again = copy(session, event, now), copy(session, event, now)

    assert first == SlotCounts(1, already_there=2, resources=1)
    assert again == SlotCounts(0, already_there=3)


def test_two_targets_that_meet_make_one_of_each(session: Session, now: datetime) -> None:
    event, _ = make_evening(session, slots=1)
    copy(session, event, now)

    counts = copy(session, event, now, dates=[THURSDAY, FRIDAY], to=["2026-12-05", "2026-12-06"])

    assert counts == SlotCounts(3, already_there=1, resources=1)


@pytest.mark.parametrize(
    ("to", "words"), [([THURSDAY], "on that day already"), (["2026-11-22"], "is over"), (["9999-12-31"], "too far")]
)
def test_a_day_that_cannot_be_meant_is_refused(session: Session, now: datetime, to: list[str], words: str) -> None:
    event, _ = make_evening(session)

    with pytest.raises(Invalid) as caught:
        copy(session, event, now, to=to)

    assert caught.value.field == "to"
    assert words in caught.value.message
    assert len(shown(session, event)) == 2


def test_the_clock_change_of_the_other_day_asks_for_a_choice(session: Session) -> None:
    """RELIABILITY 2.7"""
    early = datetime(2026, 1, 1, tzinfo=UTC)
    event = make_event(session, make_school(session))
    make_slot(session, make_resource(session, event), at=datetime(2026, 3, 7, 2, 30))
    night = {"dates": ["2026-03-07"], "to": ["2026-03-08"]}

    with pytest.raises(ClockChanges):
        copy(session, event, early, **night)

    assert copy(session, event, early, **night, clock="skip") == SlotCounts(0, left_out=1)


def test_the_preview_counts_and_changes_nothing(session: Session, now: datetime) -> None:
    event, _ = make_evening(session)

    counts = preview_copy(session, event, typed(), now=now)

    assert counts == SlotCounts(2, resources=1)
    assert len(shown(session, event)) == 2
    assert not session.exec(select(Audit)).all()


@pytest.fixture(scope="module")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('copies') / 'test.db'}")
    metadata.create_all(database.engine)
    yield database
    database.dispose()


RANGES = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 40), st.integers(5, 60), st.integers(0, 30)), min_size=1, max_size=3
)


@settings(max_examples=25, deadline=None)
@given(RANGES, st.integers(1, 30), st.integers(1, 2))
def test_to_delete_what_was_copied_restores_what_was(
    evenings: Database, ranges: list[tuple[int, int, int, int]], days: int, teachers: int
) -> None:
    """Whatever was created: the copy is as long, never overlaps, and leaves no trace when it is deleted."""
    now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    to = date.fromisoformat(THURSDAY) + timedelta(days=days)
    with evenings.transaction() as session:
        event = make_event(session, make_school(session))
        for _ in range(teachers):
            make_resource(session, event)
        for start, length, duration, pause in ranges:
            first, last = 5 * start, min(5 * (start + length), 1435)
            if last - first >= duration:
                create_slots(session, event, at(first, last, duration, pause), who=SYSTEM, now=now)
        before = shown(session, event)

        made = copy(session, event, now, to=[to])
        copied = shown(session, event, to.isoformat())
        delete_slots(session, event, SlotSelection(dates=[to]), who=SYSTEM, now=now)

        assert made.slots == len(copied) == len(before)
        assert [(row[0], row[1][10:], *row[3:]) for row in copied] == [(r[0], r[1][10:], *r[3:]) for r in before]
        assert shown(session, event) == before


def at(first: int, last: int, duration: int, pause: int) -> SlotsInput:
    def wall(minutes: int) -> str:
        return f"{minutes // 60:02}:{minutes % 60:02}"

    return SlotsInput.model_validate(
        {
            "dates": [THURSDAY],
            "from_time": wall(first),
            "to_time": wall(last),
            "duration": duration,
            "travel_break": pause,
        }
    )
