"""Turn a due message into a mail, from the rows as they stand when it leaves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from itertools import groupby
from urllib.parse import urlsplit

from markupsafe import Markup, escape
from sqlmodel import Session, col

from webapp import i18n
from webapp.documents import letter, macros, rich_text
from webapp.documents.calendar_file import CalendarEntry, Party, invitation
from webapp.documents.itinerary import Day, Itinerary, Line
from webapp.documents.macros import Values
from webapp.documents.paper import schedule_html
from webapp.models import Appointment, Contact, Event, Message, School
from webapp.models.event.event_settings import ZOOM
from webapp.models.message.message import (
    CALENDAR_ENDED,
    CHANGED,
    CONFIRMATION,
    INVITES,
    LINKS_READY,
    NEEDS_RECONNECT,
    NEW_ADDRESS,
    NEW_LINKS,
    NEW_ROOMS,
    NEW_SIGN_IN,
    OFFICE_MAIL,
    SIGN_IN_CODE,
    SIGN_IN_LINK,
)
from webapp.models.message.message_text import CALENDAR, CANCELLATION, PRINTABLE, REMINDER, RESOURCE
from webapp.models.people.sign_in_link import CALENDAR_SYNC
from webapp.providers.base import Invitation, Mail
from webapp.services.booking.agenda import Entry, agenda, is_for_family, is_sure, standing
from webapp.services.booking.room import MAKING
from webapp.services.calendar.linked import gets_entries
from webapp.services.meeting.issues import missing_user
from webapp.services.meeting.sync_report import unmapped
from webapp.services.message.calendar_entries import calendar_entry
from webapp.services.message.default_texts import OfficeText
from webapp.services.message.macro_values import (
    appointment_values,
    is_taken_back,
    shared_values,
    values_for_family,
    values_for_teacher,
)
from webapp.services.message.outage import ended_grant
from webapp.services.message.resource_told import GONE, MOVED, had_file
from webapp.services.message.texts import WITH_SCHEDULE, texts_of
from webapp.services.people.codes import MINUTES
from webapp.services.people.links import leads_to
from webapp.services.people.manners import speaking_as
from webapp.services.system.vault import vault_of

_NONE = Markup("")
_BY_OFFICE = {kind: kind for kind in (CONFIRMATION, CHANGED, LINKS_READY, REMINDER, CANCELLATION, RESOURCE)}
_BY_OFFICE |= {NEW_LINKS: CHANGED, NEW_ROOMS: CHANGED, INVITES: CALENDAR}
"""Which text of the office each mail about appointments is written by."""

_FOR_FAMILIES = (_BY_OFFICE.keys() - {RESOURCE}) | {SIGN_IN_CODE, OFFICE_MAIL}

_HEADED = {
    CONFIRMATION: letter.confirmation,
    CHANGED: letter.changed,
    LINKS_READY: letter.links_ready,
    NEW_LINKS: letter.new_links,
    NEW_ROOMS: letter.changed,
    REMINDER: letter.reminder,
}
_MOST_ERRORS = 100
"""Teachers that one report names; the page shows all."""

LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class Draft:
    """A mail, and the HTML of the Printable Schedule that is printed outside the transaction and goes with it; empty
    where none does."""

    mail: Mail
    schedule: str = ""
    language: str = "en"


@dataclass(frozen=True)
class Facts:
    """What a mail of appointments is written from. `teacher` is set where it is written to one, about `contact`'s
    appointment, with what became of it in `status`; `is_withdrawn` says that the file takes back what an earlier one
    put into a calendar, which gets the entry by itself now."""

    school: School
    event: Event
    contact: Contact
    entries: Sequence[Entry]
    texts: Mapping[str, OfficeText]
    page: str
    teacher: Contact | None = None
    status: str = ""
    is_withdrawn: bool = False

    def itinerary(self) -> Itinerary:
        where = self.texts[PRINTABLE].location
        itinerary = itinerary_of(
            self.entries, school=self.school.name, page=self.page, where=where, to_family=self.teacher is None
        )
        return replace(itinerary, mails_links=self.texts[CONFIRMATION].is_on and self.texts[LINKS_READY].is_on)

    def shared(self, *, text: str = "", html: Markup = _NONE) -> Values:
        return shared_values(self.school, self.event, self.contact, page=self.page, text=text, html=html)

    def values(self) -> list[Values]:
        values = appointment_values(self.entries, page=self.page)
        if self.teacher is None:
            return values
        both = zip(self.entries, values, strict=True)
        return [values_for_teacher(entry, one, self.page, self.status) for entry, one in both]

    def said(self) -> list[Values]:
        """As `values`, in a mail."""
        both = zip(self.entries, self.values(), strict=True)
        return [values_for_family(entry, one) if self.teacher is None else one for entry, one in both]


def compose(session: Session, message: Message, *, base_url: str, sender: str = "", now: datetime) -> Draft | None:
    """As the school writes, and in its name. None where there is nothing left to tell: every appointment of the act
    was cancelled or moved, or the office has switched this mail off."""
    school = session.get_one(School, message.school_id)
    language = language_of(session, message)
    with speaking_as(school, language):
        draft = _draft(session, message, base_url=base_url, sender=sender, now=now)
    if draft is None:
        return None
    mail = replace(draft.mail, sender_name=school.sender_name, reply_to=school.reply_to)
    return replace(draft, mail=mail, language=language)


def language_of(session: Session, message: Message) -> str:
    """Of who asked for a code, and of the family that a mail is for; whoever works for a school reads English."""
    if message.kind not in _FOR_FAMILIES:
        return "en"
    contact = session.get(Contact, message.contact_id) if message.contact_id else None
    return message.language or (contact.language if contact else "")


def _draft(session: Session, message: Message, *, base_url: str, sender: str, now: datetime) -> Draft | None:
    if message.kind not in _BY_OFFICE:
        mail = _of_system(session, message, base_url=base_url)
        return Draft(mail) if mail else None
    entries = entries_of(session, message, now=now)
    if not entries:
        return None
    facts = facts_of(session, entries, base_url=base_url)
    if message.kind == RESOURCE:
        teacher = session.get_one(Contact, message.contact_id)
        status = i18n.gettext("Moved") if message.act == MOVED else ""
        facts = for_teacher(facts, teacher, status=status, base_url=base_url)
    text = facts.texts[_BY_OFFICE[message.kind]]
    if not text.is_on and message.kind not in {NEW_LINKS, NEW_ROOMS}:
        return None
    draft = written(facts, message.kind, text)
    mail = _mail(message, draft.letter)
    is_entered = message.kind == RESOURCE and gets_entries(session, message.contact_id)
    if not is_entered or had_file(session, message):
        facts = replace(facts, is_withdrawn=is_entered)
        files = _invitations(facts, message.recipient, base_url=base_url, sender=sender, now=now)
        mail = replace(mail, invitations=files)
    return Draft(mail, draft.schedule)


def facts_of(session: Session, entries: Sequence[Entry], *, base_url: str) -> Facts:
    """Of one family's appointments in one event."""
    first = entries[0]
    event = session.get_one(Event, first.event_id)
    school = session.get_one(School, event.school_id)
    contact = session.get_one(Contact, first.contact_id)
    page = f"{base_url}/{school.slug}/{event.slug}/mine"
    return Facts(school, event, contact, entries, texts_of(session, first.event_id), page)


def for_teacher(facts: Facts, teacher: Contact, *, status: str = "", base_url: str) -> Facts:
    """The entry in a teacher's calendar is headed by the child: they know their own name."""
    page = f"{base_url}/s/{facts.school.slug}/reports/teachers-schedule?event={facts.event.id}"
    calendar = replace(facts.texts[CALENDAR], subject=i18n.gettext("Conference about $(Student)"))
    return replace(facts, page=page, teacher=teacher, status=status, texts={**facts.texts, CALENDAR: calendar})


@dataclass(frozen=True)
class Written:
    letter: letter.Letter
    schedule: str


def written(facts: Facts, kind: str, text: OfficeText) -> Written:
    """By the office's words, or as the Printable Schedule with its PDF (R52)."""
    itinerary = facts.itinerary()
    if kind == INVITES:
        return Written(letter.calendar_entries(itinerary), "")
    if not text.uses_schedule or text.kind not in WITH_SCHEDULE:
        return Written(_by_office(facts, text, itinerary), "")
    headed = _HEADED[kind](itinerary)
    if text.version:
        headed = replace(headed, subject=_subject(facts, text))
    return Written(headed, schedule_of(facts))


def heading_of(facts: Facts) -> tuple[str, Markup]:
    """The title of the Printable Schedule, and the safe HTML above its appointments."""
    text, values = facts.texts[PRINTABLE], facts.values()
    lead = macros.as_html(rich_text.as_html(text.body), facts.shared(), values)
    return macros.as_line(text.subject, facts.shared(), values), lead


def schedule_of(facts: Facts) -> str:
    """The HTML of the Printable Schedule, in the words of CUI Messages, without what the school has withdrawn; empty
    where nothing is left of it."""
    facts = replace(facts, entries=[entry for entry in facts.entries if not entry.is_withdrawn])
    if not facts.entries:
        return ""
    title, lead = heading_of(facts)
    return schedule_html(facts.itinerary(), title=title, about=facts.entries[0].parent, lead=lead)


def _by_office(facts: Facts, text: OfficeText, itinerary: Itinerary) -> letter.Letter:
    table = letter.table(itinerary)
    shared, values = facts.shared(text=table.text, html=Markup(table.html)), facts.said()  # noqa: S704 - our template
    html = macros.as_html(rich_text.as_html(text.body), shared, values)
    html = rich_text.without_dead_links(html, i18n.gettext("link not available"))
    words = macros.as_text(rich_text.as_text(text.body), shared, values)
    return letter.by_office(_subject(facts, text), words, html)


def _subject(facts: Facts, text: OfficeText) -> str:
    """Cut at LONGEST_SUBJECT letters (MACRO-012)."""
    subject = macros.as_line(text.subject, facts.shared(), facts.values())
    return subject if len(subject) <= LONGEST_SUBJECT else subject[: LONGEST_SUBJECT - 1] + "…"


def _invitations(facts: Facts, recipient: str, *, base_url: str, sender: str, now: datetime) -> tuple[Invitation, ...]:
    """A file for each, made anew at each mail: a program finds the entry that it has by its UID."""
    address = parseaddr(sender)[1] or f"confab@{urlsplit(base_url).hostname}"
    listed = _calendar_entries(facts, base_url=base_url, now=now)
    if facts.is_withdrawn:
        listed = [replace(entry, is_cancelled=True) for entry in listed]
    attendee = Party(facts.teacher.name if facts.teacher else facts.entries[0].parent, recipient)
    parties = {"organizer": Party(facts.school.name, address), "attendee": attendee}
    names = _file_names(facts.texts[CALENDAR].file_name or "invite.ics", len(listed))
    both = zip(names, listed, strict=True)
    return tuple(Invitation(entry.method, invitation(entry, **parties), name) for name, entry in both)


def _file_names(name: str, several: int) -> list[str]:
    """The office's name, numbered where there are several: a folder keeps one file of a name."""
    if several == 1:
        return [name]
    stem, dot, ending = name.rpartition(".")
    return [f"{stem}-{number}{dot}{ending}" for number in range(1, several + 1)]


def _calendar_entries(facts: Facts, *, base_url: str, now: datetime) -> list[CalendarEntry]:
    shared, text = facts.shared(), facts.texts[CALENDAR]
    return [
        calendar_entry(entry, text, shared, values, base_url=base_url, now=now)
        for entry, values in zip(facts.entries, facts.values(), strict=True)
    ]


def entry_for_calendar(session: Session, entry: Entry, *, base_url: str, now: datetime) -> CalendarEntry:
    """One appointment, for its maker's own calendar."""
    [said] = entries_for_calendar(session, [entry], base_url=base_url, now=now)
    return said


def entries_for_calendar(
    session: Session, entries: Sequence[Entry], *, base_url: str, now: datetime
) -> list[CalendarEntry]:
    """One family's appointments of any events, for their own calendar, event by event."""
    said: list[CalendarEntry] = []
    for _event, of_event in groupby(sorted(entries, key=lambda e: e.event_id), key=lambda e: e.event_id):
        facts = facts_of(session, list(of_event), base_url=base_url)
        said += _calendar_entries(facts, base_url=base_url, now=now)
    return said


def _of_system(session: Session, message: Message, *, base_url: str) -> Mail | None:
    school = session.get_one(School, message.school_id)
    if message.kind == SIGN_IN_CODE:
        code = vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")
        return _mail(message, letter.sign_in_code(school=school.name, code=code, minutes=MINUTES))
    if message.kind == SIGN_IN_LINK:
        token = vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")
        link = f"{base_url}/link/{token}"
        is_invitation = leads_to(session, message) == CALENDAR_SYNC
        said = letter.calendar_link if is_invitation else letter.sign_in_link
        return _mail(message, said(school=school.name, link=link, days=school.link_days))
    if message.kind in {NEW_SIGN_IN, NEW_ADDRESS}:
        written = letter.new_sign_in if message.kind == NEW_SIGN_IN else letter.new_address
        return _mail(message, written(school=school.name, at=i18n.moment(message.created_at, school.zone)))
    if message.kind == NEEDS_RECONNECT:
        page = f"{base_url}/s/{school.slug}/setup/business"
        return _mail(message, letter.needs_reconnect(school.name, page)) if ended_grant(session, message) else None
    if message.kind == CALENDAR_ENDED:
        ended, page = ended_grant(session, message), f"{base_url}/s/{school.slug}/calendar-sync"
        return _mail(message, letter.calendar_ended(school.name, ended.service, page)) if ended else None
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


def entries_of(session: Session, message: Message, *, now: datetime) -> list[Entry]:
    """What the message is about: the appointments that still stand of an act of booking; of the family's, where it is
    about links of several acts; of their day, for a reminder; the one that was cancelled, or of which a teacher is
    told. What the school has withdrawn is told where it was booked or moved, and left out elsewhere."""
    if message.kind == CANCELLATION:
        number = appointment_told(message)
        return agenda(session, col(Appointment.id) == number, col(Appointment.cancelled_at).is_not(None))
    if message.kind == RESOURCE:
        return _of_teacher(session, message)
    if message.kind == REMINDER:
        return [entry for entry in _family(session, message) if _is_of_day(entry, message, now=now)]
    if message.kind == NEW_LINKS:
        return _family(session, message)
    if message.kind in {NEW_ROOMS, INVITES}:
        return [entry for entry in _family(session, message) if entry.starts_at > now]
    is_told = is_sure() if message.kind == LINKS_READY else is_for_family()
    return agenda(session, col(Appointment.act) == message.act, standing(), is_told)


def _of_teacher(session: Session, message: Message) -> list[Entry]:
    """What is gone is told to whoever knew of it, whatever it turned into since."""
    is_so = (col(Appointment.cancelled_at).is_not(None),) if message.act == GONE else (standing(), is_for_family())
    return agenda(session, col(Appointment.id) == appointment_told(message), *is_so)


def appointment_told(message: Message) -> int:
    """The id of the one that a Cancellation, or a mail to a teacher, is about."""
    return int(message.dedupe_key.split(":")[1])


def _family(session: Session, message: Message) -> list[Entry]:
    family = (col(Appointment.contact_id) == message.contact_id, col(Appointment.event_id) == message.event_id)
    return agenda(session, *family, standing(), is_sure())


def _is_of_day(entry: Entry, message: Message, *, now: datetime) -> bool:
    day = message.dedupe_key.split(":")[3]
    return entry.starts_at > now and i18n.local_day(entry.starts_at, entry.zone).isoformat() == day


def itinerary_of(
    entries: Sequence[Entry], *, school: str, page: str, where: str = "", to_family: bool = False
) -> Itinerary:
    """Entries of one event, in order of time, as a document says them. `where` is the office's text for the place."""
    first = entries[0]
    days = tuple(
        Day(i18n.long_day(day), tuple(_line(entry, where, to_family=to_family) for entry in of_day))
        for day, of_day in groupby(entries, key=lambda e: i18n.local_day(e.starts_at, e.zone))
    )
    return Itinerary(school, first.event_name, first.parent, i18n.zone_name(first.zone), page, days)


def _line(entry: Entry, where: str, *, to_family: bool) -> Line:
    own = where.strip() not in {"", "$(Room)", "$Room"}
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
        where=macros.as_html(escape(where), {}, appointment_values([entry], page="")) if own else None,
        is_withdrawn=to_family and is_taken_back(entry),
        parent=entry.parent,
        service=entry.service,
        has_problem=bool(entry.problem),
    )


def _mail(message: Message, written: letter.Letter) -> Mail:
    return Mail(message.recipient, written.subject, written.text, written.html, message.message_id)
