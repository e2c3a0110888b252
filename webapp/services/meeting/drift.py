"""Heal what somebody did to one meeting at the provider: deleted, converted, moved, handed over, or edited."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Meeting
from webapp.models.system.wished import PRESENT
from webapp.providers.base import MadeMeeting
from webapp.services.meeting.claimed import order_of
from webapp.services.meeting.settle import store_missing
from webapp.services.meeting.sweep import look_at


def store_seen(session: Session, meeting_id: int, remote_id: str, found: MadeMeeting | None, *, now: datetime) -> bool:
    """`found` is what the meeting is by the provider's word, asked for by itself. What is gone, or another host's, is
    made anew; what has another time, link or passcode is told anew what it shall be, and the answer is stored; what has
    begun is left alone. Returns whether something has to be mended."""
    meeting = session.get(Meeting, meeting_id, populate_existing=True)
    if meeting is None or meeting.remote_id != remote_id or meeting.wish != PRESENT:
        return False
    if found is None or found.host_key not in {"", meeting.host_key}:
        if found is not None:
            look_at(session, meeting.school_id, meeting.provider, found.host_key, now=now)
        store_missing(session, meeting_id, remote_id, now=now)
        return True
    order = order_of(session, meeting)
    is_as_told = found.starts_at in {None, order.starts_at}
    is_as_shown = (found.join_url, found.passcode) == (meeting.join_url, meeting.passcode)
    if order.starts_at <= now or (is_as_told and is_as_shown):
        return False
    idle = (col(Meeting.due_at).is_(None), col(Meeting.claim).is_(None), col(Meeting.wish) == PRESENT)
    mine = update(Meeting).where(col(Meeting.id) == meeting_id, col(Meeting.remote_id) == remote_id, *idle)
    session.execute(mine.values(ordered="", due_at=now))
    wake(session, "meeting")
    return True
