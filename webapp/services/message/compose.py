"""Turn a due message into a mail, from the rows as they stand when it leaves."""

from collections.abc import Sequence
from itertools import groupby

from sqlmodel import Session, col

from webapp import i18n
from webapp.documents import letter
from webapp.documents.itinerary import Day, Itinerary, Line
from webapp.models import Appointment, Event, Message, School
from webapp.models.event.event_settings import ZOOM
from webapp.models.message.message import (
    CONFIRMATION,
    LINKS_READY,
    NEEDS_RECONNECT,
    NEW_LINKS,
    SIGN_IN_CODE,
    SYNC_ERRORS,
)
from webapp.providers.base import Mail
from webapp.services.booking.agenda import Entry, agenda, standing
from webapp.services.booking.room import MAKING
from webapp.services.meeting.issues import missing_user
from webapp.services.meeting.sync_report import unmapped
from webapp.services.message.outage import is_over
from webapp.services.people.codes import MINUTES
from webapp.services.system.vault import vault_of

_WRITTEN = {CONFIRMATION: letter.confirmation, LINKS_READY: letter.links_ready, NEW_LINKS: letter.new_links}
_MOST_ERRORS = 100
"""Teachers that one report names; the page shows all."""


def compose(session: Session, message: Message, *, base_url: str) -> Mail | None:
    """None where there is nothing left to tell: every appointment of the act was cancelled or moved."""
    school = session.get_one(School, message.school_id)
    if message.kind == SIGN_IN_CODE:
        code = vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")
        return _mail(message, letter.sign_in_code(school=school.name, code=code, minutes=MINUTES))
    if message.kind == NEEDS_RECONNECT:
        page = f"{base_url}/s/{school.slug}/setup/business"
        return None if is_over(session, message) else _mail(message, letter.needs_reconnect(school.name, page))
    if message.kind == SYNC_ERRORS:
        return _sync_errors(session, message, school, base_url=base_url)
    entries = entries_of(session, message)
    if not entries:
        return None
    event = session.get_one(Event, message.event_id)
    page = f"{base_url}/{school.slug}/{event.slug}/mine"
    itinerary = itinerary_of(entries, school=school.name, page=page)
    return _mail(message, _WRITTEN[message.kind](itinerary))


def _sync_errors(session: Session, message: Message, school: School, *, base_url: str) -> Mail | None:
    rows = unmapped(session, message.school_id, ZOOM)
    if not rows:
        return None
    errors = tuple(
        letter.SyncError(
            said=missing_user(name=row.name, email=row.email, remote_id=row.remote_id),
            email=row.email,
            remote_email=row.remote_email,
            page=f"{base_url}/s/{school.slug}/zoom/teachers/{row.contact_id}",
        )
        for row in rows[:_MOST_ERRORS]
    )
    pages = f"{base_url}/s/{school.slug}/online-meetings"
    return _mail(
        message, letter.sync_errors(school=school.name, errors=errors, more=len(rows) - len(errors), page=pages)
    )


def entries_of(session: Session, message: Message) -> list[Entry]:
    """The appointments that still stand of the act that the message is about; of the family's, where it is about links
    of several acts."""
    if message.kind != NEW_LINKS:
        return agenda(session, col(Appointment.act) == message.act, standing())
    family = (col(Appointment.contact_id) == message.contact_id, col(Appointment.event_id) == message.event_id)
    return agenda(session, *family, standing())


def itinerary_of(entries: Sequence[Entry], *, school: str, page: str) -> Itinerary:
    """Entries of one event, in order of time, as a document says them."""
    first = entries[0]
    days = tuple(
        Day(i18n.long_day(day), tuple(_line(entry) for entry in of_day))
        for day, of_day in groupby(entries, key=lambda e: i18n.local_day(e.starts_at, e.zone))
    )
    return Itinerary(school, first.event_name, first.parent, i18n.zone_name(first.zone), page, days)


def _line(entry: Entry) -> Line:
    return Line(
        time=i18n.clock_time(entry.starts_at, entry.zone),
        minutes=entry.minutes,
        teacher=entry.teacher,
        child=entry.child,
        class_name=entry.class_name,
        is_virtual=entry.is_virtual,
        place=entry.room.text,
        url=entry.room.url,
        passcode=entry.room.passcode,
        is_waiting=entry.room.state == MAKING,
    )


def _mail(message: Message, written: letter.Letter) -> Mail:
    return Mail(message.recipient, written.subject, written.text, written.html, message.message_id)
