"""Proposed times fit together: as many teachers as possible, on few days, close together, early."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.services.booking.plan import AtMost, propose
from webapp.services.booking.timetable import YOURS, Time

FOUR = datetime(2026, 12, 3, 22, 0, tzinfo=UTC)
A_DAY = 24 * 60

Plan = dict[int, Time]


def at(minutes: int, *, clash: str | None = None, room: str = "", walk: int = 0, gap: int = 0, lasts: int = 15) -> Time:
    start = FOUR + timedelta(minutes=minutes)
    day = date(2026, 12, 3) + timedelta(days=minutes // A_DAY)
    kind = "P" if room else "V"
    stop = start + timedelta(minutes=lasts)
    return Time(f"t{minutes}", 0, start, stop, kind, clash, gap=gap, day=day, room=room, walk=walk)


def minutes_of(plan: Plan) -> dict[int, int]:
    return {wish: int((time.starts_at - FOUR).total_seconds() // 60) for wish, time in plan.items()}


def proposed(*minutes: Sequence[int]) -> dict[int, int]:
    return minutes_of(propose({n: [at(m) for m in of_one] for n, of_one in enumerate(minutes)}))


def test_each_teacher_gets_a_time_and_none_overlaps() -> None:
    assert proposed([0, 15], [0, 15], [10, 30]) == {0: 0, 1: 15, 2: 30}


def test_the_most_teachers_come_before_all_else() -> None:
    """Though all but one could be met on one day, and close together."""
    assert proposed([0, 15], [0], [A_DAY + 300]) == {0: 15, 1: 0, 2: A_DAY + 300}


def test_the_fewest_days_come_before_the_least_time_at_school() -> None:
    assert proposed([0], [300, A_DAY]) == {0: 0, 1: 300}


def test_the_least_time_at_school_comes_before_an_early_hour() -> None:
    assert proposed([0, 60], [30, 75]) == {0: 60, 1: 75}


def test_of_plans_that_are_alike_the_earliest_is_proposed() -> None:
    assert proposed([0, 30, 60], [15, 45, 75]) == {0: 0, 1: 15}


def test_a_later_time_is_proposed_where_it_lasts_less() -> None:
    long, short, early, late = at(20, lasts=20), at(30, lasts=10), at(15, lasts=10), at(40, lasts=10)

    assert minutes_of(propose({0: [long, short], 1: [early, late]})) == {0: 30, 1: 40}


def test_of_plans_that_take_as_long_the_one_whose_times_begin_earlier_is_proposed() -> None:
    """The short time first, though the long one has fewer others."""
    long, short = [at(0, lasts=20), at(10, lasts=20)], [at(0, lasts=10), at(20, lasts=10), at(60, lasts=10)]

    assert minutes_of(propose({0: long, 1: short})) == {0: 10, 1: 0}


def test_of_a_single_teacher_the_shortest_time_is_proposed_and_of_these_the_earliest() -> None:
    offered = [at(60, lasts=10), at(0, lasts=20), at(30, lasts=10), at(15, lasts=10, clash=YOURS)]

    assert minutes_of(propose({3: offered})) == {3: 30}


def test_who_has_but_one_time_gets_it() -> None:
    assert proposed([0, 15, 30], [0]) == {0: 15, 1: 0}


def test_from_room_to_room_there_is_time_to_walk_and_online_there_is_none() -> None:
    gym, lab = [at(m, room="gym", walk=5) for m in (0, 15, 30)], [at(m, room="lab", walk=5) for m in (0, 15, 30)]
    online = [at(m, walk=5) for m in (0, 15, 30)]

    assert minutes_of(propose({0: gym[:1], 1: lab})) == {0: 0, 1: 30}
    assert minutes_of(propose({0: gym[:1], 1: gym})) == {0: 0, 1: 15}
    assert minutes_of(propose({0: gym[:1], 1: online})) == {0: 0, 1: 15}


def test_what_the_family_has_already_is_in_the_way_and_draws_the_others_near() -> None:
    had = at(120, room="gym", walk=10)
    offered = [at(m, room="lab", walk=10) for m in (0, 120, 135, 150)]

    assert minutes_of(propose({7: offered}, around=[had])) == {7: 150}


def test_a_time_with_a_clash_is_never_proposed() -> None:
    assert minutes_of(propose({1: [at(0, clash=YOURS), at(15)]})) == {1: 15}


def test_a_teacher_without_a_fitting_time_is_left_out() -> None:
    assert proposed([0], [5], []) in ({0: 0}, {1: 5})
    assert propose({1: [at(0)]}, most=0) == {}


def test_for_a_time_that_was_lost_the_nearest_is_proposed_and_of_two_as_near_the_earlier() -> None:
    """Who chose Friday at six is not sent to Thursday at four."""
    offered, lost = [at(m) for m in (0, A_DAY, A_DAY + 90, A_DAY + 150)], at(A_DAY + 120)

    assert minutes_of(propose({3: offered}, near=lost.starts_at)) == {3: A_DAY + 90}


def test_the_fewest_days_and_the_least_time_at_school_come_before_what_is_near() -> None:
    offered, lost = [at(m) for m in (0, 30, 90, A_DAY + 105)], at(A_DAY + 120)

    assert minutes_of(propose({3: offered}, around=[at(15)], near=lost.starts_at)) == {3: 30}


def test_nobody_chosen_gives_nothing() -> None:
    assert propose({}) == {}


# What follows is found anew, by other means than ours: every plan is made, and the best is taken.


def is_sound(plan: Plan, around: Sequence[Time], limits: Sequence[AtMost], most: int) -> bool:
    times = [*plan.values()]
    pairs = [(a, b) for n, a in enumerate(times) for b in times[n + 1 :]] + [(a, b) for a in times for b in around]
    counts = [
        sum(wish in limit.wishes and limit.day in (None, time.day) for wish, time in plan.items()) for limit in limits
    ]
    are_kept = all(count <= max(limit.number, 0) for count, limit in zip(counts, limits, strict=True))
    return len(plan) <= most and are_kept and not any(_are_rivals(*pair) for pair in pairs)


def _are_rivals(one: Time, other: Time) -> bool:
    between = max(one.starts_at, other.starts_at) - min(one.ends_at, other.ends_at)
    needed = one.walk if one.room and other.room and one.room != other.room else 0
    return between < timedelta(minutes=max(needed, one.gap))


def worth(plan: Plan, around: Sequence[Time]) -> tuple[object, ...]:
    """The smaller, the better."""
    days: dict[date, list[Time]] = {}
    for time in [*plan.values(), *around]:
        days.setdefault(time.day, []).append(time)
    hours = [max(t.ends_at for t in of_day) - min(t.starts_at for t in of_day) for of_day in days.values()]
    starts = sum((time.starts_at - FOUR for time in plan.values()), timedelta())
    return -len(plan), len(days), sum(hours, timedelta()), starts


def every_plan(times: Mapping[int, Sequence[Time]]) -> Iterator[Plan]:
    for chosen in product(*([None, *(t for t in offered if t.clash is None)] for offered in times.values())):
        yield {wish: time for wish, time in zip(times, chosen, strict=True) if time}


def first_fit(times: Mapping[int, Sequence[Time]], around: Sequence[Time], limits: Sequence[AtMost], most: int) -> Plan:
    plan: Plan = {}
    for wish, offered in times.items():
        for time in sorted(offered, key=lambda t: t.starts_at):
            if time.clash is None and is_sound(plan | {wish: time}, around, limits, most):
                plan |= {wish: time}
                break
    return plan


@st.composite
def evenings(draw: st.DrawFn, wishes: int, most_times: int) -> dict[str, Any]:
    """Times of several teachers on two days, of unlike lengths, in rooms and online, with limits and what is had."""
    gap, walk = draw(st.sampled_from([(0, 0), (0, 5), (10, 0), (5, 20)]))
    rooms = st.sampled_from(["", "", "gym", "lab"])
    minutes = st.builds(lambda day, n: day * A_DAY + n * 5, st.sampled_from([0, 0, 1]), st.integers(0, 24))
    lasting = st.sampled_from([10, 15, 20])
    clashes = st.sampled_from([None, None, None, None, YOURS])
    time = st.builds(
        lambda m, r, n, c: at(m, room=r, lasts=n, clash=c, gap=gap, walk=walk), minutes, rooms, lasting, clashes
    )
    numbers = range(draw(st.integers(1, wishes)))
    limit = st.builds(
        AtMost,
        st.integers(0, 2),
        st.sets(st.sampled_from(numbers), min_size=1),
        st.sampled_from([None, date(2026, 12, 3)]),
    )
    return {
        "times": {n: draw(st.lists(time, max_size=most_times)) for n in numbers},
        "around": draw(st.lists(time, max_size=1)),
        "limits": draw(st.lists(limit, max_size=2)),
        "most": draw(st.sampled_from([len(numbers), len(numbers), 1, 2])),
    }


@settings(max_examples=60, deadline=None)
@given(evenings(wishes=4, most_times=12))
def test_with_up_to_four_teachers_of_twelve_times_no_plan_is_better(evening: dict[str, Any]) -> None:
    times, rest = evening["times"], [evening[name] for name in ("around", "limits", "most")]

    plan = propose(times, around=rest[0], limits=rest[1], most=rest[2])

    best = min(worth(other, rest[0]) for other in every_plan(times) if is_sound(other, *rest))
    assert is_sound(plan, *rest)
    assert all(time in times[wish] for wish, time in plan.items())
    assert worth(plan, rest[0]) == best


@settings(max_examples=60, deadline=None)
@given(evenings(wishes=1, most_times=12), st.integers(0, 48))
def test_of_one_teacher_no_time_that_is_as_good_but_for_the_hour_is_nearer(evening: dict[str, Any], lost: int) -> None:
    times, rest, near = evening["times"], [evening[name] for name in ("around", "limits", "most")], at(lost * 60)

    plan = propose(times, around=rest[0], limits=rest[1], most=rest[2], near=near.starts_at)

    def far(plan: Plan) -> tuple[object, ...]:
        away = [(abs(time.starts_at - near.starts_at), time.starts_at) for time in plan.values()]
        return *worth(plan, rest[0])[:3], away

    assert far(plan) == min(far(other) for other in every_plan(times) if is_sound(other, *rest))
    assert is_sound(plan, *rest)


@settings(max_examples=60, deadline=None)
@given(evenings(wishes=12, most_times=30))
def test_with_many_teachers_the_plan_is_sound_and_never_worse_than_first_fit(evening: dict[str, Any]) -> None:
    times, rest = evening["times"], [evening[name] for name in ("around", "limits", "most")]

    plan = propose(times, around=rest[0], limits=rest[1], most=rest[2])

    assert is_sound(plan, *rest)
    assert worth(plan, rest[0]) <= worth(first_fit(times, *rest), rest[0])
