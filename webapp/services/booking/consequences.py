"""Recompute, idempotently, every wish that follows from an appointment: its meeting and its mails."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlmodel import Session

from webapp.services.booking.wish_meetings import wish_meetings
from webapp.services.booking.wish_messages import wish_messages

_AT_ONCE = 500


def follow(
    session: Session,
    appointments: Iterable[int],
    *,
    now: datetime,
    retry: bool = False,
    left: Collection[str] = (),
) -> None:
    """Bring the wishes of these appointments (ids) in line with the rows as they stand; all callers use this and no
    other code writes a wish. With `retry`, what a provider refused for good is tried once more: its cause may be gone.
    `left` names acts of booking that these appointments have left.
    """
    session.flush()
    ordered = sorted(set(appointments))
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        acts = wish_meetings(session, some, now=now, retry=retry)
        wish_messages(session, acts.union(left), now=now)
