"""Look at the one meeting that a webhook named; heal it after two sightings (RELIABILITY 2.4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.models import Meeting, WebhookReceipt
from webapp.models.system.wished import PRESENT
from webapp.providers.base import MadeMeeting
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.drift import store_seen
from webapp.services.system.errand import Claim, failed, growing_pause, settled, write_if_ours

BETWEEN_SIGHTINGS = timedelta(seconds=5)


@dataclass(frozen=True)
class LookAtOne:
    """One meeting to ask for by itself; `missed_at` is when it was first not there."""

    claim: Claim
    connection_id: int
    provider: str
    meeting_id: int
    remote_id: str
    missed_at: datetime | None


def begin(session: Session, claim: Claim, *, now: datetime) -> LookAtOne | None:
    """None where there is nothing to ask for any more, or not yet."""
    receipt = session.get_one(WebhookReceipt, claim.id)
    meeting = _meeting(session, receipt)
    connection = connection_of(session, receipt.school_id, receipt.provider)
    if meeting is None or connection is None or not connection.is_live:
        write_if_ours(session, WebhookReceipt, claim, **settled())
        return None
    if meeting.due_at is not None or meeting.claim is not None:
        later = growing_pause(receipt.attempts, now=now)
        write_if_ours(session, WebhookReceipt, claim, claim=None, due_at=later)
        return None
    assert connection.id is not None
    assert meeting.id is not None
    return LookAtOne(claim, connection.id, receipt.provider, meeting.id, receipt.remote_id, receipt.missed_at)


def store_look(session: Session, look: LookAtOne, found: MadeMeeting | None, *, now: datetime) -> bool:
    """Whether something has to be mended. What is not there is looked for once more before it is believed."""
    if found is None and look.missed_at is None:
        again = {"missed_at": now, "claim": None, "due_at": now + BETWEEN_SIGHTINGS}
        write_if_ours(session, WebhookReceipt, look.claim, **again)
        return False
    if not write_if_ours(session, WebhookReceipt, look.claim, **settled(), missed_at=None):
        return False
    return store_seen(session, look.meeting_id, look.remote_id, found, now=now)


def put_off(session: Session, claim: Claim, error: ProviderError, *, now: datetime) -> None:
    """The provider did not answer: nothing is concluded, and where it makes no sense to ask again the sweep will."""
    receipt = session.get_one(WebhookReceipt, claim.id)
    write_if_ours(session, WebhookReceipt, claim, **failed(error, attempts=receipt.attempts, now=now))


def _meeting(session: Session, receipt: WebhookReceipt) -> Meeting | None:
    query = select(Meeting).where(
        col(Meeting.school_id) == receipt.school_id,
        col(Meeting.provider) == receipt.provider,
        col(Meeting.remote_id) == receipt.remote_id,
        col(Meeting.wish) == PRESENT,
        col(Meeting.gone_at).is_(None),
    )
    return session.execute(query).scalar_one_or_none()
