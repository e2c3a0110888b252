"""Join busy times that touch, so that nobody learns of how many private events they are made."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from webapp.providers.base import BusySpan


def merged(spans: Iterable[BusySpan], *, starts_at: datetime, ends_at: datetime) -> list[BusySpan]:
    """Within the two instants, sorted by start; of each calendar no two overlap or touch."""
    cut = (BusySpan(max(s.starts_at, starts_at), min(s.ends_at, ends_at), s.calendar) for s in spans)
    open_spans: dict[str, BusySpan] = {}
    done: list[BusySpan] = []
    for span in sorted((s for s in cut if s.starts_at < s.ends_at), key=_order):
        former = open_spans.get(span.calendar)
        if former and span.starts_at <= former.ends_at:
            open_spans[span.calendar] = replace(former, ends_at=max(former.ends_at, span.ends_at))
        else:
            done += [former] if former else []
            open_spans[span.calendar] = span
    return sorted([*done, *open_spans.values()], key=_order)


def _order(span: BusySpan) -> tuple[datetime, datetime, str]:
    return span.starts_at, span.ends_at, span.calendar
