"""Change meetings as their hosts do it in Zoom's portal, behind the app's back."""

from collections.abc import Callable
from dataclasses import replace

from .events import tell_meeting
from .records import Meeting
from .state import ZoomState

WEBINAR = 5


def delete_in_portal(state: ZoomState, meeting_id: int) -> None:
    """Raises ValueError when it does not stand."""
    with state.change():
        meeting = _standing(state, meeting_id)
        state.put_meeting(replace(meeting, deleted_at=state.now()))
    tell_meeting(state, "meeting.deleted", meeting)


def rename_in_portal(state: ZoomState, meeting_id: int, topic: str) -> None:
    _edit(state, meeting_id, lambda one: replace(one, topic=topic or one.topic))


def move_in_portal(state: ZoomState, meeting_id: int, minutes: int) -> None:
    """Later by so many minutes."""
    _edit(state, meeting_id, lambda one: replace(one, start_at=(one.start_at or state.now()) + minutes * 60))


def convert_in_portal(state: ZoomState, meeting_id: int) -> None:
    """Into a webinar, of which the meetings' API tells nothing any more."""
    _edit(state, meeting_id, lambda one: replace(one, type=WEBINAR))


def _edit(state: ZoomState, meeting_id: int, change: Callable[[Meeting], Meeting]) -> None:
    with state.change():
        former = _standing(state, meeting_id)
        meeting = state.put_meeting(change(former))
    tell_meeting(state, "meeting.updated", meeting, former)


def _standing(state: ZoomState, meeting_id: int) -> Meeting:
    meeting = state.meetings.get(meeting_id)
    if meeting is None or not meeting.stands(state.now()):
        raise ValueError("There is no such meeting.")
    return meeting
