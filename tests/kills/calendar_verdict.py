"""Hold what stands on the calendars, by the stand-ins' own counts, against the appointments of their teachers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kills.calendar_school import CalendarSchool
from sqlalchemy import text
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

Wrongs = dict[str, list[Any]]

_WANTED = """
SELECT a.id, s.starts_at, s.ends_at, l.calendar_id, e.key, e.remote_id
FROM appointment a
JOIN slot s ON s.id = a.slot_id
JOIN resourcemember r ON r.resource_id = a.resource_id
JOIN calendarlink l ON l.contact_id = r.contact_id
LEFT JOIN calendarentry e ON e.appointment_id = a.id AND e.link_id = l.id AND e.replaced_at IS NULL
    AND e.calendar_id = l.calendar_id
WHERE a.cancelled_at IS NULL AND a.held_until IS NULL
"""
_LEFT_OVER = """
SELECT id, problem_code, theirs FROM calendarentry
WHERE due_at IS NOT NULL OR claim IS NOT NULL OR attempt_at IS NOT NULL OR problem IS NOT NULL OR theirs <> ''
OR (wish = 'absent' AND gone_at IS NULL)
"""


@dataclass(frozen=True)
class Standing:
    """An entry of ours at a stand-in."""

    calendar_id: str
    key: str
    starts_at: float
    ends_at: float


def wrongs(school: CalendarSchool) -> Wrongs:
    """What is wrong once nothing is due any more; empty is right."""
    with school.database.reading() as session:
        wanted, left_over = _wanted(session), [tuple(row) for row in session.execute(text(_LEFT_OVER))]
    states = [stage.state() for stage in school.stages]
    standing = {(one.calendar_id, one.key): one for one in (*_at_google(states[0]), *_at_microsoft(states[1]))}
    names = {(row.calendar_id, row.key) for row in wanted}
    pairs = [(row, standing[row.calendar_id, row.key]) for row in wanted if (row.calendar_id, row.key) in standing]
    found: Wrongs = {
        "duplicate": _several(states, "keys"),
        "made twice": _several(states, "keys_ever"),
        "orphan": [name for name in standing if name not in names],
        "missing": [row.id for row in wanted if (row.calendar_id, row.key) not in standing],
        "at another time": [row.id for row, entry in pairs if _times(row) != (entry.starts_at, entry.ends_at)],
        "left over": left_over,
    }
    return {name: which for name, which in found.items() if which}


def _several(states: list[dict[str, Any]], counts: str) -> list[tuple[str, str]]:
    each = [(calendar, of) for state in states for calendar, of in state[counts].items()]
    return [(calendar, key) for calendar, of in each for key, number in of.items() if number > 1]


def _wanted(session: Session) -> list[Any]:
    asked = text(_WANTED).columns(starts_at=UTCDateTime(), ends_at=UTCDateTime())
    return list(session.execute(asked))


def _times(row: Any) -> tuple[float, float]:
    return row.starts_at.timestamp(), row.ends_at.timestamp()


def _at_google(state: dict[str, Any]) -> Iterator[Standing]:
    for event in state["events"]:
        key = event["said"].get("extendedProperties", {}).get("private", {}).get("confab")
        if key and event["status"] != "cancelled":
            starts_at, ends_at = (_instant(event["said"][end]["dateTime"]) for end in ("start", "end"))
            yield Standing(event["calendar_id"], key, starts_at, ends_at)


def _at_microsoft(state: dict[str, Any]) -> Iterator[Standing]:
    for event in state["events"]:
        if event["key"] and event["stands"]:
            starts_at, ends_at = _instant(event["starts_at"]), _instant(event["ends_at"])
            yield Standing(event["calendar_id"], event["key"], starts_at, ends_at)


def _instant(told: str) -> float:
    at = datetime.fromisoformat(told.replace("Z", "+00:00"))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
