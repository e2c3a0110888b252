"""Gather what a mail of appointments, and the Printable Schedule, are written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from markupsafe import Markup, escape
from sqlmodel import Session

from webapp import i18n
from webapp.documents import macros
from webapp.documents.itinerary import Day, Itinerary, Line
from webapp.documents.macros import Values
from webapp.models import Contact, Event, School
from webapp.models.message.message import CONFIRMATION, LINKS_READY
from webapp.models.message.message_text import CALENDAR, PRINTABLE
from webapp.services.booking.agenda import Entry
from webapp.services.booking.room import MAKING
from webapp.services.message.default_texts import OfficeText
from webapp.services.message.macro_values import (
    appointment_values,
    is_taken_back,
    shared_values,
    values_for_family,
    values_for_teacher,
)
from webapp.services.message.texts import texts_of

_NONE = Markup("")


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
