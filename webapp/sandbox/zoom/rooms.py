"""Open what join and start links lead to: a harmless page that films nobody."""

import hmac
from datetime import UTC, datetime

from flask import Blueprint, render_template, request

from .meeting_bodies import START_LINK_LIFE, start_key
from .records import Meeting
from .state import ZoomState

_Page = tuple[str, int]


def create_rooms(state: ZoomState) -> Blueprint:
    rooms = Blueprint("rooms", __name__)

    @rooms.get("/j/<int:number>")
    def join(number: int) -> _Page:
        meeting = _open_meeting(state, number)
        return _gone(number) if meeting is None else _join_page(state, meeting, request.args.get("pwd", ""))

    @rooms.get("/s/<int:number>")
    def start(number: int) -> _Page:
        meeting = _open_meeting(state, number)
        return _gone(number) if meeting is None else _start_page(state, meeting, request.args.get("zak", ""))

    return rooms


def _open_meeting(state: ZoomState, number: int) -> Meeting | None:
    """By its own number, or by its host's personal one."""
    with state.lock:
        now = state.now()
        meeting = state.meetings.get(number) or next(
            (one for one in state.meetings.values() if one.pmi == number and one.stands(now)), None
        )
        return meeting if meeting and meeting.stands(now) else None


def _join_page(state: ZoomState, meeting: Meeting, key: str) -> _Page:
    knows = not meeting.passcode or hmac.compare_digest(key.encode(), meeting.passcode_key.encode())
    state_of_things = "waiting" if knows else "asked"
    return _room(state, meeting, state_of_things), 200


def _start_page(state: ZoomState, meeting: Meeting, key: str) -> _Page:
    """A start link signs its bearer in as the host, for two hours."""
    expires = key.partition(".")[0]
    now = state.now()
    is_ours = expires.isdecimal() and hmac.compare_digest(
        key.encode(), start_key(state, meeting.id, int(expires)).encode()
    )
    if not is_ours or not now < int(expires) <= now + START_LINK_LIFE + 1:
        return render_template("zoom/gone.html", message="This start link is not valid any more."), 403
    return _room(state, meeting, "started"), 200


def _room(state: ZoomState, meeting: Meeting, state_of_things: str) -> str:
    start = None if meeting.start_at is None else datetime.fromtimestamp(meeting.start_at, UTC)
    host = state.users[meeting.host_id]
    return render_template("zoom/room.html", meeting=meeting, host=host, start=start, state_of_things=state_of_things)


def _gone(number: int) -> _Page:
    return render_template("zoom/gone.html", message=f"Invalid meeting ID: {number} (3,001)"), 404
