"""Say appointments as calendar entries: the same appointment is the same entry, whatever changes of it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import update
from sqlmodel import Session, col

from webapp.documents.calendar_file import CalendarEntry
from webapp.i18n import gettext as _
from webapp.models import Appointment
from webapp.services.booking.agenda import Entry
from webapp.services.booking.room import MAKING


def calendar_entry(entry: Entry, *, base_url: str, now: datetime) -> CalendarEntry:
    """For the person who made the appointment. The UID is no address of ours, since files are passed on."""
    number = hashlib.sha256(f"calendar {entry.token}".encode()).hexdigest()[:32]
    return CalendarEntry(
        uid=f"{number}@{urlsplit(base_url).hostname or 'confab'}",
        sequence=entry.calendar_sequence,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        title=_("Conference with %(teacher)s", teacher=entry.teacher),
        description=_description(entry),
        location=entry.room.text,
        url=entry.room.url,
        stamped_at=now,
        is_cancelled=entry.cancelled_at is not None,
    )


def keep_sequence(session: Session, entries: Iterable[Entry]) -> None:
    """Raise the number of each entry that says other than the file before; the caller has locked their rows."""
    for entry in entries:
        said = _said(entry)
        if said == entry.calendar_said:
            continue
        number = entry.calendar_sequence + bool(entry.calendar_said)
        mine = update(Appointment).where(col(Appointment.id) == entry.id)
        session.execute(mine.values(calendar_said=said, calendar_sequence=number))


def _description(entry: Entry) -> str:
    lines = [f"{entry.event_name}", ", ".join(filter(None, (entry.child, entry.class_name)))]
    if entry.room.text:
        lines.append(_("Where: %(room)s", room=entry.room.text))
    elif entry.room.state == MAKING:
        lines.append(_("Your link is being made. We will email it."))
    if entry.room.passcode:
        lines.append(_("Passcode: %(passcode)s", passcode=entry.room.passcode))
    return "\n".join(lines)


def _said(entry: Entry) -> str:
    said = (entry.starts_at, entry.ends_at, entry.teacher, entry.room.text, entry.room.passcode, entry.cancelled_at)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
