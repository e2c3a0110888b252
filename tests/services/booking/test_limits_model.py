"""Ordinals say the same as plain counting, whatever was booked and cancelled before, and never two the same."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from webapp.models.event.event_settings import Limits
from webapp.services.booking.limits import Counted, Wanted, as_counted, broken_limits, place

MOST = st.none() | st.integers(1, 3)
LIMITS = st.builds(Limits, per_event=MOST, per_day=MOST, per_child=MOST, once_per_class=st.booleans())
WANTED = st.builds(
    Wanted,
    contact_id=st.integers(1, 2),
    child_key=st.sampled_from(["s1", "s2"]),
    child=st.just("Mia"),
    resource_id=st.integers(1, 2),
    teacher=st.just("Ms Adeyemi"),
    class_id=st.none() | st.integers(1, 2),
    day=st.sampled_from(["2026-12-03", "2026-12-04"]),
)
STEPS = st.lists(st.tuples(WANTED, st.integers(0, 5)), max_size=25)
"""What somebody wants, and which of those that stand is cancelled afterwards, if there are so many."""


def may_book(limits: Limits, want: Wanted, stands: list[Wanted]) -> bool:
    """The rules of UI Setup, counted anew."""

    def count(is_alike: Callable[[Wanted], bool]) -> int:
        return sum(map(is_alike, stands))

    ours = [other for other in stands if other.contact_id == want.contact_id]
    of_class = [other for other in ours if want.class_id and other.class_id == want.class_id]
    return (
        (limits.per_event is None or len(ours) < limits.per_event)
        and (limits.per_child is None or sum(o.child_key == want.child_key for o in ours) < limits.per_child)
        and (not limits.once_per_class or not of_class)
        and (
            limits.per_day is None
            or count(lambda o: (o.resource_id, o.day) == (want.resource_id, want.day)) < limits.per_day
        )
    )


@given(limits=LIMITS, steps=STEPS)
def test_whoever_may_book_by_plain_counting_may_and_nobody_else(
    limits: Limits, steps: list[tuple[Wanted, int]]
) -> None:
    """RELIABILITY I5"""
    stands: list[Wanted] = []
    counted: list[Counted] = []
    for want, gone in steps:
        is_refused = bool(broken_limits(limits, want, counted))
        assert is_refused == (not may_book(limits, want, stands))
        if not is_refused:
            row = as_counted(want, place(limits, want, counted))
            assert all(nth is None or nth <= 3 for nth in (row.event_nth, row.child_nth, row.day_nth))
            stands.append(want)
            counted.append(row)
        if gone < len(stands):
            del stands[gone], counted[gone]
        assert are_unique(counted)


def are_unique(counted: list[Counted]) -> bool:
    """As the four indexes see it."""
    keys = [
        [(row.contact_id, row.event_nth) for row in counted if row.event_nth],
        [(row.contact_id, row.child_key, row.child_nth) for row in counted if row.child_nth],
        [(row.contact_id, row.class_id, row.class_nth) for row in counted if row.class_nth],
        [(row.resource_id, row.day, row.day_nth) for row in counted if row.day_nth],
    ]
    return all(len(places) == len(set(places)) for places in keys)
