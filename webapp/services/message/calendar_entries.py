"""Say appointments as calendar entries: the same appointment is the same entry, whatever changes of it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import update
from sqlmodel import Session, col

from webapp.documents import macros, rich_text
from webapp.documents.calendar_file import CalendarEntry
from webapp.documents.macros import Values
from webapp.models import Appointment
from webapp.services.booking.agenda import Entry
from webapp.services.message.default_texts import OfficeText

_NAMES = UUID("6f6f2a0e-3a0d-4c5e-9b1f-0d5a7e1c4b92")
"""A number of our own, so that no other program makes our UIDs of its names."""


def calendar_entry(entry: Entry, text: OfficeText, shared: Values, values: Values, *, now: datetime) -> CalendarEntry:
    """In the words of Calendar Event Notification (R88)."""
    return CalendarEntry(
        uid=uid_of(entry.token),
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


def uid_of(token: str) -> str:
    """One for all files about the appointment of that token, which it does not tell, since files are passed on. It
    names no host (RFC 7986 5.3): the entry stays the same where the installation moves to another address."""
    return str(uuid5(_NAMES, token))


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
