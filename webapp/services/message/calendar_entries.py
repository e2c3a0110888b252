"""Say appointments as calendar entries: the same appointment is the same entry, whatever changes of it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import update
from sqlmodel import Session, col

from webapp.documents import macros, rich_text
from webapp.documents.calendar_file import CalendarEntry
from webapp.documents.macros import Values
from webapp.models import Appointment
from webapp.services.booking.agenda import Entry
from webapp.services.message.default_texts import OfficeText


def calendar_entry(
    entry: Entry, text: OfficeText, shared: Values, values: Values, *, base_url: str, now: datetime
) -> CalendarEntry:
    """In the words of Calendar Event Notification (R88)."""
    return CalendarEntry(
        uid=uid_of(entry, base_url=base_url),
        sequence=entry.calendar_sequence,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        title=macros.as_line(text.subject, shared, [values]),
        description=macros.as_text(rich_text.as_text(text.body), shared, [values]),
        location=macros.as_line(text.location, shared, [values]),
        url=entry.room.url,
        stamped_at=now,
        is_cancelled=entry.cancelled_at is not None,
        is_withdrawn=entry.is_withdrawn,
    )


def uid_of(entry: Entry, *, base_url: str) -> str:
    """One for all files about the appointment; no address of ours, since files are passed on."""
    return uid_by_token(entry.token, base_url=base_url)


def uid_by_token(token: str, *, base_url: str) -> str:
    """As `uid_of`, where no more than the appointment's token is known."""
    number = hashlib.sha256(f"calendar {token}".encode()).hexdigest()[:32]
    return f"{number}@{urlsplit(base_url).hostname or 'confab'}"


def keep_sequence(session: Session, entries: Iterable[Entry], *, version: int) -> None:
    """Raise the number of each entry that says other than the file before; the caller has locked their rows. `version`
    is that of the office's text."""
    for entry in entries:
        said = _said(entry, version)
        if said == entry.calendar_said:
            continue
        number = entry.calendar_sequence + bool(entry.calendar_said)
        mine = update(Appointment).where(col(Appointment.id) == entry.id)
        session.execute(mine.values(calendar_said=said, calendar_sequence=number))


def _said(entry: Entry, version: int) -> str:
    room = entry.room
    """The version stands before the rest, so that what was written by an older one is found (`older_invites`)."""
    said = (entry.starts_at, entry.ends_at, entry.teacher, room.text, room.passcode, entry.cancelled_at, version)
    return f"{version}.{hashlib.sha256(repr(said).encode()).hexdigest()}"[:16]
