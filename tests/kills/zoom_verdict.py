"""Hold what stands at the stand-in of Zoom, by its own count, against the appointments that want a meeting."""

from typing import Any

from sqlalchemy import text
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime
from stages import ZoomStage

from webapp.db import Database

Wrongs = dict[str, list[Any]]

_WANTED = """
SELECT a.id, s.starts_at, s.ends_at, h.remote_id AS host, m.marker, m.remote_id, m.join_url, m.passcode
FROM appointment a
JOIN slot s ON s.id = a.slot_id
JOIN eventsettings e ON e.event_id = a.event_id AND e.provider = 'zoom'
JOIN resourcemember r ON r.resource_id = a.resource_id AND r.position = 0
JOIN host h ON h.contact_id = r.contact_id AND h.provider = 'zoom' AND h.state = 'mapped'
LEFT JOIN meeting m ON m.appointment_id = a.id AND m.replaced_at IS NULL
WHERE a.cancelled_at IS NULL AND a.held_until IS NULL AND a.is_virtual
"""
_LEFT_OVER = """
SELECT id, problem_code FROM meeting
WHERE due_at IS NOT NULL OR claim IS NOT NULL OR attempt_at IS NOT NULL OR problem IS NOT NULL
OR (wish = 'absent' AND gone_at IS NULL)
"""


def wrongs(database: Database, stage: ZoomStage) -> Wrongs:
    """What is wrong once nothing is due any more; empty is right (RELIABILITY B3)."""
    with database.reading() as session:
        wanted, left_over = _wanted(session), [tuple(row) for row in session.execute(text(_LEFT_OVER))]
    state = stage.state()
    standing = {_marker(one): one for one in state["meetings"] if one["stands"]}
    markers = {row.marker for row in wanted}
    pairs = [(row, standing[row.marker]) for row in wanted if row.marker in standing]
    found: Wrongs = {
        "duplicate": [marker for marker, number in state["markers"].items() if number > 1],
        "made twice": [marker for marker, number in state["markers_ever"].items() if number > 1],
        "orphan": [marker for marker in standing if marker not in markers],
        "missing": [row.id for row in wanted if row.marker not in standing],
        "at another time": [row.id for row, meeting in pairs if _times(row) != _times_of(meeting)],
        "with another host": [row.id for row, meeting in pairs if row.host != meeting["host_id"]],
        "not as linked": [row.id for row, meeting in pairs if _link(row) != _link_of(meeting, stage)],
        "left over": left_over,
    }
    return {name: which for name, which in found.items() if which}


def _wanted(session: Session) -> list[Any]:
    asked = text(_WANTED).columns(starts_at=UTCDateTime(), ends_at=UTCDateTime())
    return list(session.execute(asked))


def _marker(meeting: dict[str, Any]) -> str:
    """The word after "Ref"; a meeting without one belongs to nobody."""
    first, _, marker = str(meeting["agenda"]).partition(" ")
    return marker if first == "Ref" else f"no marker: {meeting['id']}"


def _times(row: Any) -> tuple[float, float]:
    return row.starts_at.timestamp(), (row.ends_at - row.starts_at).total_seconds() / 60


def _times_of(meeting: dict[str, Any]) -> tuple[float, float]:
    return meeting["start_at"], meeting["duration"]


def _link(row: Any) -> tuple[str, str, str]:
    return row.remote_id, row.join_url, row.passcode


def _link_of(meeting: dict[str, Any], stage: ZoomStage) -> tuple[str, str, str]:
    return str(meeting["id"]), f"{stage.url}/j/{meeting['id']}?pwd={meeting['passcode_key']}", meeting["passcode"]
