"""Answer for meetings: made, read, changed, deleted, listed and recovered as the real API does it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import request

from ..answers import Answer
from .answers import ZoomError
from .calls import Call
from .events import tell_meeting
from .limits import host_day, limit_error
from .meeting_bodies import listed_meeting, meeting_body
from .paging import page_of
from .portal import WEBINAR
from .records import Meeting, User
from .scheduling import INSTANT, changed_meeting, new_meeting
from .state import ZoomState
from .users import find_user, invitation_missing, user_missing

_CANNOT_HOST = "Your user account is not allowed meeting hosting and scheduling capabilities."
_WEBINARS = dict.fromkeys(("PATCH", "DELETE"), "Cannot access webinar information.")
_IN_LIST = (1, 2, 3, 8)


def create_meeting(call: Call, user_id: str) -> Answer:
    host = _host(call, user_id)
    with call.state.change():
        _count_write(call, host)
        _refuse_other_host(host, call.content)
        meeting = call.state.put_meeting(new_meeting(call.state, host, call.content, call.now))
    tell_meeting(call.state, "meeting.created", meeting)
    call.state.pause(call.state.switches.create_delay)
    return Answer(201, meeting_body(call, meeting, host))


def get_meeting(call: Call, meeting_id: str) -> Answer:
    meeting, host = _standing(call, meeting_id)
    return Answer(body=meeting_body(call, meeting, host))


def update_meeting(call: Call, meeting_id: str) -> Answer:
    with call.state.change():
        meeting, host = _standing(call, meeting_id)
        _count_write(call, host)
        _refuse_other_host(host, call.content)
        changed = call.state.put_meeting(changed_meeting(call.state, host, meeting, call.content, call.now))
    tell_meeting(call.state, "meeting.updated", changed, meeting)
    return Answer(204)


def delete_meeting(call: Call, meeting_id: str) -> Answer:
    with call.state.change():
        meeting, _ = _standing(call, meeting_id)
        call.state.put_meeting(replace(meeting, deleted_at=call.now))
    tell_meeting(call.state, "meeting.deleted", meeting)
    return Answer(204)


def change_status(call: Call, meeting_id: str) -> Answer:
    """`recover` brings a deleted meeting back; `end` finds nobody in the room and is content."""
    action = call.content.get("action")
    if action == "recover":
        _recover(call, meeting_id)
    elif action == "end":
        _standing(call, meeting_id)
    else:
        raise ZoomError(400, 300, "Invalid parameter: `action`.")
    return Answer(204)


def _recover(call: Call, meeting_id: str) -> None:
    with call.state.change():
        meeting = _known(call.state, meeting_id)
        if meeting is None or meeting.has_expired(call.now):
            raise _missing(meeting_id)
        call.state.put_meeting(replace(meeting, deleted_at=None))
    tell_meeting(call.state, "meeting.recovered", meeting)


def list_meetings(call: Call, user_id: str) -> Answer:
    host = find_user(call, user_id)
    kind = call.query.get("type", "scheduled")
    if kind not in _FILTERS:
        raise ZoomError(400, 300, "Invalid parameter: `type`.")
    rows = _seen(call, host, _FILTERS[kind])
    page, frame = page_of(call.state, rows, call.query, largest=300, subject=f"meetings:{host.id}:{kind}")
    return Answer(body={**frame, "page_number": 1, "meetings": [listed_meeting(call, meeting) for meeting in page]})


def _host(call: Call, user_id: str) -> User:
    user = find_user(call, user_id)
    if user.status == "pending":
        raise invitation_missing()
    if user.status == "inactive" and call.state.switches.inactive_code == 1001:
        raise user_missing(user_id)
    if user.status == "inactive" or user.type in {4, 99}:
        raise ZoomError(400, 3161, _CANNOT_HOST)
    return user


def _refuse_other_host(host: User, body: Mapping[str, Any]) -> None:
    """An app has no scheduling privilege, so a meeting cannot be made for or moved to somebody else."""
    wanted = body.get("schedule_for")
    if not isinstance(wanted, str) or wanted in {"", host.id} or wanted.casefold() == host.email.casefold():
        return
    raise ZoomError(400, 3000, f"You cannot schedule a meeting for {wanted}")


def _count_write(call: Call, host: User) -> None:
    """Refused calls count too: the limit stands before the meeting service."""
    limit = call.state.switches.daily_limit
    key = host_day(host.id, call.now)
    count = call.state.writes.get(key, 0)
    if limit and count >= limit:
        raise limit_error("host", "LIGHT", call.state.switches.limit_headers, call.now)
    call.state.writes[key] = count + 1


def _standing(call: Call, meeting_id: str) -> tuple[Meeting, User]:
    meeting = _known(call.state, meeting_id)
    if meeting is None or not meeting.stands(call.now):
        raise _missing(meeting_id)
    if meeting.type == WEBINAR:
        raise ZoomError(400, 3000, _WEBINARS.get(request.method, "Cannot access webinar info."))
    return meeting, call.state.users[meeting.host_id]


def _known(state: ZoomState, meeting_id: str) -> Meeting | None:
    return state.meetings.get(int(meeting_id)) if meeting_id.isdecimal() else None


def _missing(meeting_id: str) -> ZoomError:
    return ZoomError(404, 3001, f"Meeting does not exist: {meeting_id}.")


def _is_scheduled(meeting: Meeting, _now: float) -> bool:
    return meeting.type != INSTANT


def _is_live(_meeting: Meeting, _now: float) -> bool:
    """Nobody ever starts a meeting here."""
    return False


def _is_ahead(meeting: Meeting, now: float) -> bool:
    return meeting.ends_at is None or meeting.ends_at >= now


def _is_over(meeting: Meeting, now: float) -> bool:
    return not _is_ahead(meeting, now)


_Filter = Callable[[Meeting, float], bool]
_FILTERS: dict[str, _Filter] = {
    "scheduled": _is_scheduled,
    "live": _is_live,
    "upcoming": _is_ahead,
    "upcoming_meetings": _is_ahead,
    "previous_meetings": _is_over,
}


def _seen(call: Call, host: User, is_wanted: _Filter) -> list[Meeting]:
    """The list as it was `list_lag` seconds ago: new meetings come late, deleted ones stay a while."""
    then = call.now - call.state.switches.list_lag
    return [
        meeting
        for meeting in call.state.meetings_of(host.id)
        if meeting.created_at <= then
        and (meeting.deleted_at is None or meeting.deleted_at > then)
        and not meeting.has_expired(call.now)
        and meeting.type in _IN_LIST
        and is_wanted(meeting, call.now)
    ]
