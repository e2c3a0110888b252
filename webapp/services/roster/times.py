"""Read the Slots and Events files: when a teacher has time, one row for each range of a day."""

import re
from dataclasses import dataclass
from datetime import date
from functools import partial

from webapp.errors import N_
from webapp.services.roster.facts import Roster, TimesFact
from webapp.services.roster.own_layouts import EVENTS, SLOTS
from webapp.services.roster.row import Row, sound_facts
from webapp.services.roster.sheet import Sheet

NOT_A_DAY = N_("%(value)s is not a day. Write it as 12/03/2026 or 2026-12-03.")
UNCLEAR_DAY = N_("%(value)s can be read in two ways. Say on this page whether the day or the month comes first.")
NOT_A_TIME = N_("%(value)s is not a time. Write it as 4:30 PM or 16:30.")
BACKWARDS = N_("The end is not after the start.")
NO_DURATION = N_("%(column)s is missing.")

MONTH_FIRST, DAY_FIRST = "mdy", "dmy"
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?: 00:00)?")
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?::00)?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE)


@dataclass
class _Reading:
    roster: Roster
    dates: str
    is_event: bool


def read_times(sheets: list[Sheet], roster: Roster, *, dates: str) -> None:
    """`dates` is MONTH_FIRST, DAY_FIRST, or empty where nobody has said it."""
    for sheet in sheets:
        if sheet.layout.kind in {SLOTS.kind, EVENTS.kind}:
            reading = _Reading(roster, dates, sheet.layout.kind == EVENTS.kind)
            roster.times += sound_facts(sheet, roster, partial(_times, reading=reading))


def _times(row: Row, reading: _Reading) -> list[TimesFact]:
    event = row.words("EventName", longest=200, is_needed=True) if reading.is_event else row.ref("EventID")
    resource = row.ref("Resource")
    day = _day(row, reading)
    first, last = _minutes(row, "StartTime"), _minutes(row, "EndTime")
    duration = row.number("Duration", lowest=1, highest=480)
    if duration is None and row.is_sound:
        row.refuse("Duration", NO_DURATION, column=row.at.heading("Duration"))
    if row.is_sound and first >= last:
        row.refuse("EndTime", BACKWARDS)
    capacity = row.number("Max", lowest=1, highest=1000) or 1
    words = [row.words(name, longest=longest) for name, longest in _WORDS] if reading.is_event else [""] * len(_WORDS)
    if not row.is_sound or day is None:
        return []
    return [
        TimesFact(
            *(row.at, event, reading.is_event, resource, day, first, last, duration or 1, capacity),
            *words,
        )
    ]


_WORDS = (("TimeZone", 60), ("EventDate", 200), ("Location", 200), ("Category", 100), ("Description", 4000))


def _day(row: Row, reading: _Reading) -> date | None:
    typed = row.ref("Date")
    if not typed:
        return None
    if iso := _ISO.fullmatch(typed):
        return _made(row, typed, *map(int, iso.groups()))
    if not (found := _DAY.fullmatch(typed)):
        row.refuse("Date", NOT_A_DAY, value=typed)
        return None
    one, two, year = map(int, found.groups())
    order = reading.dates
    if not order and one <= 12 and two <= 12 and one != two:
        reading.roster.asks_dates = True
        row.refuse("Date", UNCLEAR_DAY, value=typed)
        return None
    day_first = order == DAY_FIRST or (not order and one > 12)
    return _made(row, typed, year, two if day_first else one, one if day_first else two)


def _made(row: Row, typed: str, year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        row.refuse("Date", NOT_A_DAY, value=typed)
        return None


def _minutes(row: Row, column: str) -> int:
    """Since midnight."""
    typed = row.ref(column)
    found = _TIME.fullmatch(typed)
    hour, minute = (int(found[1]), int(found[2])) if found else (24, 0)
    half = (found[3] or "").lower() if found else ""
    is_fit = minute < 60 and (1 <= hour <= 12 if half else hour < 24)
    if typed and not is_fit:
        row.refuse(column, NOT_A_TIME, value=typed)
    return (hour % 12 + (12 if half == "p" else 0) if half else hour) * 60 + minute
