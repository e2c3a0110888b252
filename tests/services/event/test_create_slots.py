"""Create Slots: what is made, what is left as it was, and what is refused."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from factories import make_event, make_resource, make_school, make_slot, make_teacher
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import Session, col, select

from webapp.db import Database
from webapp.errors import Invalid, NotFound
from webapp.i18n import sentence
from webapp.models import Audit, Event, Resource, Slot, metadata
from webapp.services.event.create_slots import SlotsInput, create_slots, preview_create, starts_of
from webapp.services.event.slots import SlotCounts
from webapp.services.system.audit import SYSTEM

DAY = "2026-12-03"


def typed(**values: Any) -> SlotsInput:
    defaults = {"dates": [DAY], "from_time": "16:00", "to_time": "17:00", "duration": 15}
    return SlotsInput.model_validate(defaults | values)


def create(session: Session, event: Event, now: datetime, **values: Any) -> SlotCounts:
    return create_slots(session, event, typed(**values), who=SYSTEM, now=now)


def slots_of(session: Session, event: Event) -> list[Slot]:
    query = select(Slot).where(Slot.event_id == event.id)
    return list(session.exec(query.order_by(col(Slot.starts_at), col(Slot.resource_id))))


def walls(session: Session, event: Event) -> list[str]:
    return [slot.wall_start[11:] for slot in slots_of(session, event)]


def make_evening(session: Session, teachers: int = 1, **settings: Any) -> tuple[Event, list[Resource]]:
    event = make_event(session, make_school(session), settings=settings)
    return event, [make_resource(session, event) for _ in range(teachers)]


def test_ten_minutes_with_a_break_of_five_begin_every_quarter(session: Session, now: datetime) -> None:
    """PRODUCT 3.3: 8:00–8:10, 8:15–8:25 and so on, as long as one fits."""
    event, _ = make_evening(session)

    create(session, event, now, from_time="08:00", to_time="09:00", duration=10, travel_break=5)

    assert walls(session, event) == ["08:00", "08:15", "08:30", "08:45"]
    assert {slot.minutes for slot in slots_of(session, event)} == {10}


def test_slots_are_made_for_each_date_and_teacher_in_the_events_zone(session: Session, now: datetime) -> None:
    event, resources = make_evening(session, teachers=2)
    make_evening(session)  # another event

    counts = create(session, event, now, dates=["2026-12-03", "2026-12-04", "2026-12-03"], to_time="16:30")

    made = slots_of(session, event)
    assert counts == SlotCounts(8, resources=2)
    assert len(made) == 8
    assert made[0].starts_at == datetime(2026, 12, 3, 22, 0, tzinfo=UTC)
    assert made[0].wall_start == "2026-12-03T16:00"
    assert {slot.resource_id for slot in made} == {resource.id for resource in resources}
    assert len({slot.token for slot in made}) == 8


def test_only_the_chosen_teachers_get_slots(session: Session, now: datetime) -> None:
    event, resources = make_evening(session, teachers=3)

    create(session, event, now, resources=[resources[1].id], to_time="16:15")

    assert [slot.resource_id for slot in slots_of(session, event)] == [resources[1].id]


def test_what_was_typed_is_on_the_slots(session: Session, now: datetime) -> None:
    """R45: new slots carry V or PV once the event shows the type."""
    event, _ = make_evening(session, shows_appointment_type=True)

    create(session, event, now, kind="PV", visibility="unavailable", message="Lunch", capacity=3, to_time="16:15")

    slot = slots_of(session, event)[0]
    assert (slot.kind, slot.visibility, slot.message, slot.capacity, slot.version) == (
        "PV",
        "unavailable",
        "Lunch",
        3,
        1,
    )


def test_the_type_is_ignored_until_the_checkbox_is_on(session: Session, now: datetime) -> None:
    """R44: when not ticked, new slots are P."""
    event, _ = make_evening(session)

    create(session, event, now, kind="V")

    assert {slot.kind for slot in slots_of(session, event)} == {"P"}


def test_running_twice_doubles_nothing(session: Session, now: datetime) -> None:
    event, _ = make_evening(session, teachers=2)
    create(session, event, now)
    before = [slot.id for slot in slots_of(session, event)]

    counts = create(session, event, now, capacity=5)

    assert counts == SlotCounts(0, already_there=8, resources=2)
    assert [slot.id for slot in slots_of(session, event)] == before
    assert {slot.capacity for slot in slots_of(session, event)} == {1}


def test_times_that_overlap_a_slot_of_the_same_teacher_are_left_out(session: Session, now: datetime) -> None:
    event, [first, _] = make_evening(session, teachers=2)
    make_slot(session, first, at=datetime(2026, 12, 3, 16, 10), minutes=10)
    make_slot(session, first, at=datetime(2026, 12, 3, 17, 0), minutes=60)
    make_slot(session, first, at=datetime(2026, 12, 3, 15, 30), minutes=30)

    counts = create(session, event, now)

    assert counts == SlotCounts(6, already_there=2, resources=2)
    assert sum(slot.resource_id == first.id for slot in slots_of(session, event)) == 5


def test_a_long_slot_counts_although_a_short_one_began_after_it(session: Session, now: datetime) -> None:
    event, [resource] = make_evening(session)
    make_slot(session, resource, at=datetime(2026, 12, 3, 15, 0), minutes=120)
    make_slot(session, resource, at=datetime(2026, 12, 3, 16, 0), minutes=10)

    assert create(session, event, now) == SlotCounts(0, already_there=4, resources=1)


def test_the_time_of_a_removed_slot_may_be_used_again(session: Session, now: datetime) -> None:
    event, [resource] = make_evening(session)
    make_slot(session, resource, removed_at=now)

    assert create(session, event, now, to_time="16:15").slots == 1


def test_the_preview_counts_and_changes_nothing(session: Session, now: datetime) -> None:
    event, [resource] = make_evening(session)
    make_slot(session, resource)

    counts = preview_create(session, event, typed(), now=now)

    assert counts == SlotCounts(3, already_there=1, resources=1)
    assert len(slots_of(session, event)) == 1


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"from_time": "17:00", "to_time": "16:00"}, "to_time", "ends before it starts"),
        ({"to_time": "16:00"}, "to_time", "ends before it starts"),
        ({"to_time": "16:12"}, "to_time", "too short for one slot of 15 minutes"),
        ({"dates": ["2026-11-22"]}, "dates", "Nov 22, 2026 is over"),
        ({"dates": ["2026-12-03", "2026-01-01"]}, "dates", "Jan 1, 2026 is over"),
        ({"dates": ["9999-12-31"]}, "dates", "too far ahead"),
        ({"dates": ["2027-03-14"], "from_time": "02:00", "to_time": "03:30"}, "clock", "does not exist"),
        ({"dates": ["2027-03-14"], "from_time": "01:50", "to_time": "02:20"}, "clock", "Mar 14, 2027, 2:05 AM"),
        ({"dates": ["2027-11-07"], "from_time": "01:30", "to_time": "02:00"}, "clock", "comes twice"),
        (
            {"dates": ["2027-11-07"], "from_time": "00:30", "to_time": "03:00", "duration": 120},
            "clock",
            "changes during",
        ),
        (
            {"dates": ["2027-03-14"], "from_time": "01:30", "to_time": "03:30", "duration": 120},
            "clock",
            "changes during",
        ),
    ],
)
def test_what_makes_no_slots_is_refused_at_its_field(
    session: Session, now: datetime, wrong: dict[str, Any], field: str, words: str
) -> None:
    event, _ = make_evening(session)

    for attempt in (create, lambda *a, **v: preview_create(*a[:2], typed(**v), now=now)):
        with pytest.raises(Invalid) as caught:
            attempt(session, event, now, **wrong)
        assert caught.value.field == field
        assert words in sentence(caught.value)
    assert not slots_of(session, event)
    assert not session.exec(select(Audit)).all()


def test_the_skipped_and_the_repeated_hour_of_chicago_are_named(session: Session) -> None:
    """RELIABILITY 2.7: 2:30 AM on 2026-03-08 does not exist, 1:30 AM on 2026-11-01 comes twice."""
    event, _ = make_evening(session)
    early = datetime(2026, 1, 1, tzinfo=UTC)

    with pytest.raises(Invalid) as skipped:
        create(session, event, early, dates=["2026-03-08"], from_time="02:30", to_time="03:00")
    with pytest.raises(Invalid) as repeated:
        create(session, event, early, dates=["2026-11-01"], from_time="01:30", to_time="02:00")

    assert "On Mar 8, 2026, 2:30 AM does not exist" in sentence(skipped.value)
    assert "On Nov 1, 2026, 1:30 AM comes twice" in sentence(repeated.value)


@pytest.mark.parametrize(
    ("clock", "walls_made", "left_out"),
    [
        ("skip", ["00:00", "02:00"], 2),
        ("first", ["00:00", "01:00", "01:30", "02:00"], 0),
        ("second", ["00:00", "01:00", "01:30", "02:00"], 0),
    ],
)
def test_of_a_time_that_comes_twice_the_chosen_one_is_made(
    session: Session, clock: str, walls_made: list[str], left_out: int
) -> None:
    """RELIABILITY 2.7, CSV-044: on 2026-11-01 the hour from 1 AM comes twice in Chicago."""
    event, _ = make_evening(session)
    early = datetime(2026, 1, 1, tzinfo=UTC)
    night = {"dates": ["2026-11-01"], "from_time": "00:00", "to_time": "02:30", "duration": 30, "clock": clock}

    counts = create(session, event, early, **night)
    again = create(session, event, early, **night)

    made = slots_of(session, event)
    first_hour = {slot.starts_at for slot in made if slot.wall_start.endswith("T01:00")}
    assert [wall for wall in walls(session, event) if wall in {"00:00", "01:00", "01:30", "02:00"}] == walls_made
    assert (
        first_hour
        == {
            "skip": set(),
            "first": {datetime(2026, 11, 1, 6, 0, tzinfo=UTC)},
            "second": {datetime(2026, 11, 1, 7, 0, tzinfo=UTC)},
        }[clock]
    )
    assert {slot.minutes for slot in made} == {30}
    assert counts.left_out == left_out
    assert again.slots == 0


def test_times_that_the_clock_skips_are_left_out_once_that_is_chosen(session: Session) -> None:
    """RELIABILITY 2.7, CSV-043: on 2026-03-08 the clock goes from 2 AM to 3 AM."""
    event, _ = make_evening(session)
    early = datetime(2026, 1, 1, tzinfo=UTC)

    counts = create(
        session, event, early, dates=["2026-03-08"], from_time="01:00", to_time="04:00", duration=30, clock="skip"
    )

    assert walls(session, event) == ["01:00", "03:00", "03:30"]
    assert counts == SlotCounts(3, resources=1, left_out=3)


def test_times_are_rounded_to_five_minutes() -> None:
    """DESIGN 6: browsers may ignore the field's step."""
    rounded = typed(from_time="16:03", to_time="23:59")

    assert (rounded.from_time, rounded.to_time) == ("16:05", "23:55")
    assert typed(from_time="16:02").from_time == "16:00"


def test_a_day_is_over_by_the_events_own_calendar(session: Session) -> None:
    """At 3 AM UTC it is still the evening before in Chicago."""
    event, _ = make_evening(session)
    in_the_night = datetime(2026, 12, 4, 3, 0, tzinfo=UTC)

    assert create(session, event, in_the_night, to_time="16:15").slots == 1


def test_far_too_many_slots_are_refused_with_their_number(session: Session, now: datetime) -> None:
    """ADMIN-005: computed before any work."""
    event, _ = make_evening(session)
    days = [(date(2026, 12, 3) + timedelta(days=n)).isoformat() for n in range(366)]

    with pytest.raises(Invalid) as caught:
        create(session, event, now, dates=days, from_time="00:00", to_time="23:59", duration=1)

    assert caught.value.field == "dates"
    assert "525,210 slots" in sentence(caught.value)


def test_an_event_without_teachers_says_so(session: Session, now: datetime) -> None:
    event, _ = make_evening(session, teachers=0)

    with pytest.raises(Invalid) as caught:
        create(session, event, now)

    assert caught.value.field == "resources"


def test_a_teacher_of_another_event_is_not_found(session: Session, now: datetime) -> None:
    event, [mine] = make_evening(session)
    _, [foreign] = make_evening(session)

    with pytest.raises(NotFound):
        create(session, event, now, resources=[mine.id, foreign.id])

    assert not slots_of(session, event)


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration": 0},
        {"duration": 481},
        {"travel_break": 241},
        {"travel_break": -1},
        {"capacity": 0},
        {"capacity": 1001},
        {"message": "x" * 81},
        {"message": "a\nb"},
        {"kind": "X"},
        {"visibility": "gone"},
        {"from_time": "24:00"},
        {"from_time": "4 PM"},
        {"to_time": "16:60"},
        {"to_time": "\u0661\u0666:00"},
        {"dates": []},
        {"dates": ["2026-02-30"]},
        {"resources": ["x"]},
    ],
)
def test_values_out_of_range_are_refused_at_their_field(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        typed(**wrong)

    assert caught.value.errors()[0]["loc"][0] == next(iter(wrong))


def test_the_audit_holds_the_counts(session: Session, now: datetime) -> None:
    event, _ = make_evening(session)

    create(session, event, now)

    row = session.exec(select(Audit)).one()
    assert (row.action, row.subject) == ("slots.create", f"event {event.id}")
    assert row.detail == '{"slots": 4, "already_there": 0}'


def wall_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


RANGES = st.builds(
    lambda start, length, duration, pause: {
        "from_time": wall_time(5 * start),
        "to_time": wall_time(min(5 * (start + -(-max(length, duration) // 5)), 1435)),
        "duration": duration,
        "travel_break": pause,
    },
    st.integers(0, 180),
    st.integers(1, 500),
    st.integers(1, 480),
    st.integers(0, 240),
)


@given(RANGES)
def test_as_many_slots_are_made_as_fit_and_none_overlaps(range_: dict[str, Any]) -> None:
    slots = typed(**range_)
    starts = starts_of(slots)

    span = int(slots.to_time[:2]) * 60 + int(slots.to_time[3:]) - starts.start
    room_for = (span + slots.travel_break) // (slots.duration + slots.travel_break)
    assert len(starts) == room_for
    assert all(later - earlier >= slots.duration for earlier, later in pairwise(starts))
    assert not starts or starts[-1] + slots.duration <= starts.start + span


@pytest.fixture(scope="module")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that the examples below share: each makes an event of its own in it."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('evenings') / 'test.db'}")
    metadata.create_all(database.engine)
    yield database
    database.dispose()


@settings(max_examples=40, deadline=None)
@given(st.lists(RANGES, min_size=1, max_size=4))
def test_whatever_is_created_one_after_the_other_never_overlaps(
    evenings: Database, ranges: list[dict[str, Any]]
) -> None:
    now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    with evenings.transaction() as session:
        event, _ = make_evening(session)

        counts = [create(session, event, now, **range_) for range_ in ranges]

        made = slots_of(session, event)
        assert sum(count.slots for count in counts) == len(made)
        for earlier, later in pairwise(made):
            assert earlier.ends_at <= later.starts_at
        for range_, count in zip(ranges, counts, strict=True):
            assert count.slots + count.already_there == len(starts_of(typed(**range_)))
        inside = [(range_["from_time"], range_["to_time"]) for range_ in ranges]
        for slot in made:
            end = wall_time(int(slot.wall_start[11:13]) * 60 + int(slot.wall_start[14:]) + slot.minutes)
            assert any(start <= slot.wall_start[11:] and end <= stop for start, stop in inside)


def test_a_large_school_evening_is_made_quickly(session: Session, now: datetime) -> None:
    """300 teachers × 40 slots × 2 days; the time is measured in bench/, the number here."""
    event, _ = make_evening(session, teachers=30)

    counts = create(session, event, now, dates=["2026-12-03", "2026-12-04"], from_time="12:00", to_time="22:00")

    assert counts.slots == len(slots_of(session, event)) == 30 * 40 * 2


def test_the_teachers_name_stays_out_of_the_audit(session: Session, now: datetime) -> None:
    school = make_school(session)
    event = make_event(session, school)
    make_resource(session, event, make_teacher(session, school))

    create(session, event, now, message="Adeyemi is late")

    assert "Adeyemi" not in session.exec(select(Audit)).one().detail
