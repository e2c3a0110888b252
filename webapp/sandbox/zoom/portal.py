"""Change meetings as their hosts do it in Zoom's portal, behind the app's back."""

from dataclasses import replace

from .state import ZoomState


def delete_in_portal(state: ZoomState, meeting_id: int) -> None:
    """Raises ValueError when it does not stand."""
    with state.change():
        meeting = state.meetings.get(meeting_id)
        if meeting is None or not meeting.stands(state.now()):
            raise ValueError("There is no such meeting.")
        state.put_meeting(replace(meeting, deleted_at=state.now()))
