"""Turn a due message into a mail, from the rows as they stand when it leaves."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from itertools import groupby
from urllib.parse import urlsplit

from sqlmodel import Session, col

from webapp import i18n
from webapp.documents import letter
from webapp.documents.calendar_file import REQUEST, Party, invitation
from webapp.documents.itinerary import Day, Itinerary, Line
from webapp.documents.paper import schedule_html
from webapp.models import Appointment, Event, Message, School
from webapp.models.event.event_settings import ZOOM
from webapp.models.message.message import (
    CONFIRMATION,
    LINKS_READY,
    NEEDS_RECONNECT,
    NEW_LINKS,
    OFFICE_MAIL,
    SIGN_IN_CODE,
)
from webapp.providers.base import Invitation, Mail
from webapp.services.booking.agenda import Entry, agenda, is_for_family, standing
from webapp.services.booking.room import MAKING
from webapp.services.meeting.issues import missing_user
from webapp.services.meeting.sync_report import unmapped
from webapp.services.message.calendar_entries import calendar_entry
from webapp.services.message.outage import is_over
from webapp.services.people.codes import MINUTES
from webapp.services.system.vault import vault_of

_WRITTEN = {CONFIRMATION: letter.confirmation, LINKS_READY: letter.links_ready, NEW_LINKS: letter.new_links}
_MOST_ERRORS = 100
"""Teachers that one report names; the page shows all."""


@dataclass(frozen=True)
class Draft:
    """A mail, and the HTML of the Printable Schedule that is printed outside the transaction and goes with it; empty
    where none does."""

    mail: Mail
    schedule: str = ""


def compose(session: Session, message: Message, *, base_url: str, sender: str = "", now: datetime) -> Draft | None:
    """None where there is nothing left to tell: every appointment of the act was cancelled or moved."""
    if message.kind not in _WRITTEN:
        mail = _of_system(session, message, base_url=base_url)
        return Draft(mail) if mail else None
    entries = entries_of(session, message)
    if not entries:
        return None
    school = session.get_one(School, message.school_id)
    event = session.get_one(Event, message.event_id)
    page = f"{base_url}/{school.slug}/{event.slug}/mine"
    itinerary = itinerary_of(entries, school=school.name, page=page)
    title = i18n.gettext("Printable Schedule")
    mail = replace(
        _mail(message, _WRITTEN[message.kind](itinerary)),
        invitation=_invitation(entries, school, message, base_url=base_url, sender=sender, now=now),
    )
    return Draft(mail, schedule_html(itinerary, title=title, about=itinerary.recipient))


def _invitation(
    entries: Sequence[Entry], school: School, message: Message, *, base_url: str, sender: str, now: datetime
) -> Invitation:
    """One request for all, made anew at each mail: a program finds the entries that it has by their UIDs."""
    address = parseaddr(sender)[1] or f"confab@{urlsplit(base_url).hostname}"
    listed = [calendar_entry(entry, base_url=base_url, now=now) for entry in entries]
    attendee = Party(entries[0].parent, message.recipient)
    return Invitation(REQUEST, invitation(listed, organizer=Party(school.name, address), attendee=attendee))


def _of_system(session: Session, message: Message, *, base_url: str) -> Mail | None:
    school = session.get_one(School, message.school_id)
    if message.kind == SIGN_IN_CODE:
        code = vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")
        return _mail(message, letter.sign_in_code(school=school.name, code=code, minutes=MINUTES))
    if message.kind == NEEDS_RECONNECT:
        page = f"{base_url}/s/{school.slug}/setup/business"
        return None if is_over(session, message) else _mail(message, letter.needs_reconnect(school.name, page))
    if message.kind == OFFICE_MAIL:
        written = json.loads(vault_of(session).open(message.secret, row=f"message {message.dedupe_key}"))
        return _mail(message, letter.office_mail(school=school.name, **written))
    return _sync_errors(session, message, school, base_url=base_url)


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
        return agenda(session, col(Appointment.act) == message.act, standing(), is_for_family())
    family = (col(Appointment.contact_id) == message.contact_id, col(Appointment.event_id) == message.event_id)
    return agenda(session, *family, standing(), is_for_family())


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
