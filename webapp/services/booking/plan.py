"""Propose times that fit together for all the teachers whom a family chose."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from webapp.services.booking.times import Time


def propose(times: Mapping[int, Sequence[Time]], order: Sequence[int]) -> dict[int, Time]:
    """One time per resource, none overlapping, close together; a resource that finds none is left out.

    The teachers with the fewest times choose first, each the time nearest to what is chosen already.
    """
    chosen: dict[int, Time] = {}
    open_ = {resource: [time for time in times[resource] if time.clash is None] for resource in order}
    # Sorting keeps the order of those with equally many.
    for resource in sorted(order, key=lambda resource: len(open_[resource])):
        fitting = [t for t in open_[resource] if not any(t.overlaps(c) for c in chosen.values())]
        if fitting:
            chosen[resource] = min(fitting, key=lambda t: (_distance(t, chosen), t.starts_at))
    return chosen


def _distance(time: Time, chosen: Mapping[int, Time]) -> timedelta:
    gaps = (abs(time.starts_at - other.starts_at) for other in chosen.values())
    return min(gaps, default=timedelta())
