"""Proposed times fit together, and as many teachers as the simple rule finds a time for get one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from webapp.services.booking.plan import propose
from webapp.services.booking.times import YOURS, Time

FOUR = datetime(2026, 12, 3, 22, 0, tzinfo=UTC)


def at(minutes: int, *, clash: str | None = None) -> Time:
    start = FOUR + timedelta(minutes=minutes)
    return Time(f"t{minutes}", 0, start, start + timedelta(minutes=15), "V", clash)


def minutes_of(plan: dict[int, Time]) -> dict[int, int]:
    return {resource: int((time.starts_at - FOUR).total_seconds() // 60) for resource, time in plan.items()}


def test_each_teacher_gets_a_time_and_none_overlaps() -> None:
    times = {1: [at(0), at(15)], 2: [at(0), at(15)], 3: [at(10), at(30)]}

    plan = propose(times, [1, 2, 3])

    assert minutes_of(plan) == {1: 0, 2: 15, 3: 30}


def test_who_has_the_fewest_times_chooses_first() -> None:
    times = {1: [at(0), at(15), at(30)], 2: [at(0)]}

    assert minutes_of(propose(times, [1, 2])) == {2: 0, 1: 15}


def test_the_others_come_as_near_as_they_can() -> None:
    times = {1: [at(120)], 2: [at(0), at(15), at(90), at(180)]}

    assert minutes_of(propose(times, [1, 2])) == {1: 120, 2: 90}


def test_a_time_with_a_clash_is_never_proposed() -> None:
    assert minutes_of(propose({1: [at(0, clash=YOURS), at(15)]}, [1])) == {1: 15}


def test_a_teacher_without_a_fitting_time_is_left_out() -> None:
    assert minutes_of(propose({1: [at(0)], 2: [at(5)], 3: []}, [1, 2, 3])) == {1: 0}


def test_nobody_chosen_gives_nothing() -> None:
    assert propose({1: [at(0)]}, []) == {}


_times = st.lists(st.integers(0, 48).map(lambda n: at(n * 5)), max_size=8)


@given(st.dictionaries(st.integers(1, 6), _times, max_size=6))
def test_whatever_is_offered_the_plan_holds_together(times: dict[int, list[Time]]) -> None:
    plan = propose(times, list(times))

    chosen = list(plan.values())
    assert all(time in times[resource] for resource, time in plan.items())
    assert not any(one.overlaps(two) for n, one in enumerate(chosen) for two in chosen[n + 1 :])
    for resource, offered in times.items():
        if resource not in plan:
            assert all(any(time.overlaps(taken) for taken in chosen) for time in offered)
