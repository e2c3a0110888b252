"""Remember which link or room a family was mailed for an appointment, and notice when it is another by now (R65)."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import select, update
from sqlmodel import Session, col

from webapp.models import Appointment, Meeting
from webapp.models.system.wished import PRESENT
from webapp.services.booking.agenda import Entry
from webapp.services.booking.room import LINK, MAKING

PROMISED = "promised"
"""The family read that a mail with the link will come."""


def is_news(entry: Entry) -> bool:
    """Whether a provider's link stands there that the family was promised, or told otherwise. What was never spoken of
    is not mailed unasked (R67)."""
    return bool(entry.told) and entry.has_provider and entry.room.state == LINK and entry.told != _said(entry)


def is_elsewhere(entry: Entry) -> bool:
    """Whether the family was told another room or typed link than there is now."""
    return _is_typed(entry) and entry.place_told is not None and entry.place_told != entry.place


def was_told(entry: Entry) -> bool:
    """Whether any mail has spoken of it to the family."""
    return bool(entry.told) or entry.place_told is not None


def keep_told(session: Session, entries: Iterable[Entry]) -> None:
    """Note what the mail that leaves says about these entries, whose rows the caller has locked."""
    for entry in entries:
        place = entry.place if _is_typed(entry) else entry.place_told
        said = {"told": _said(entry), "place_told": place}
        if said != {"told": entry.told, "place_told": entry.place_told}:
            session.execute(update(Appointment).where(col(Appointment.id) == entry.id).values(said))


def has_links_on_their_way(session: Session, contact_id: int, event_id: int) -> bool:
    """Whether a meeting of the family's is being made, or will be tried again by itself."""
    query = (
        select(col(Meeting.id))
        .join(Appointment, col(Appointment.id) == col(Meeting.appointment_id))
        .where(col(Appointment.contact_id) == contact_id, col(Appointment.event_id) == event_id)
        .where(col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))
        .where(col(Meeting.wish) == PRESENT, col(Meeting.join_url).is_(None), col(Meeting.due_at).is_not(None))
    )
    return session.execute(query.limit(1)).first() is not None


def _is_typed(entry: Entry) -> bool:
    return not (entry.has_provider and entry.is_virtual)


def _said(entry: Entry) -> str:
    if not entry.has_provider or not entry.is_virtual:
        return ""
    if entry.room.state == MAKING:
        return PROMISED
    return hashlib.sha256(f"{entry.room.url} {entry.room.passcode}".encode()).hexdigest()[:16]
