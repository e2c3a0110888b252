"""Say of an event what is ready and what is missing before families come, in plain words, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webapp.i18n import gettext as _
from webapp.i18n import ngettext, short_day
from webapp.models import Event, EventSettings
from webapp.models.message.message import CONFIRMATION
from webapp.models.message.message_text import REMINDER
from webapp.services.event.availability import availability
from webapp.services.event.checklist_facts import Counted, count_for
from webapp.services.event.typed_link import is_safe_link
from webapp.services.event.wall_time import day_bounds
from webapp.services.preflight.facts import Facts
from webapp.services.preflight.finding import (
    APPOINTMENTS,
    CREATE_SLOTS,
    IMPORTER,
    NOTIFICATIONS,
    SETUP,
    UI_SETUP,
    UPDATE_SLOTS,
)

READY, LOOK, MISSING = "ready", "look", "missing"
"""Missing: families cannot book, or nobody is told. Look: it works, and may not be what is meant."""

DETAILS, ADD_TEACHER, CLASSES, CONTACTS, RED = "details", "add_teacher", "classes", "contacts", "red"
"""The pages that mend what Preflight does not speak of."""


@dataclass(frozen=True)
class Line:
    """`place` is the page that mends or changes it."""

    title: str
    state: str
    words: str
    place: str

    @property
    def is_for_administrators(self) -> bool:
        """Whether only they may open the page."""
        return self.place in {CONTACTS, IMPORTER, SETUP}


@dataclass(frozen=True)
class Checklist:
    """`is_over`: all times have passed, and nothing is left to be done."""

    lines: tuple[Line, ...]
    is_over: bool

    @property
    def missing(self) -> list[Line]:
        return [line for line in self.lines if line.state == MISSING]

    @property
    def to_look_at(self) -> list[Line]:
        return [line for line in self.lines if line.state == LOOK]


def checklist(session: Session, event: Event, settings: EventSettings, facts: Facts, *, now: datetime) -> Checklist:
    """From Preflight's facts and a fixed number of queries."""
    if facts.is_over:
        return Checklist((), is_over=True)
    counted = count_for(session, event)
    lines = [_details(event), _teachers(facts, counted)]
    if not event.is_simple:
        lines.append(_classes(counted))
    lines += [_families(event, counted), _slots(facts), _online(facts)]
    lines += [_booking(event, settings, facts, now), _mails(facts, counted), _notified(counted)]
    if counted.red:
        lines.append(_red(counted))
    return Checklist(tuple(lines), is_over=False)


def _details(event: Event) -> Line:
    told = {_("Date"): event.date_label, _("Location"): event.location, _("Event Details"): event.description}
    empty = [name for name, text in told.items() if not text]
    if empty:
        words = _("Empty: %(names)s. Families read them on pages and in mails.", names=", ".join(empty))
        return Line(_("Details"), LOOK, words, DETAILS)
    words = f"{event.date_label}, {event.location}"
    return Line(_("Details"), READY, words, DETAILS)


def _teachers(facts: Facts, counted: Counted) -> Line:
    title, number = _("Teachers"), len(facts.offers)
    if not number:
        return Line(title, MISSING, _("This event has no teachers yet: there is nobody to book."), ADD_TEACHER)
    words = ngettext("%(n)s teacher or team", "%(n)s teachers and teams", number)
    if nobody := sum(offer.lead is None for offer in facts.offers):
        words += ". " + _("Without a contact: %(n)s. Attach a teacher to each.", n=nobody)
        return Line(title, LOOK, words, APPOINTMENTS)
    if counted.no_email:
        words += ". " + _("Without an email: %(n)s. They get no mail and cannot sign in.", n=counted.no_email)
        return Line(title, LOOK, words, CONTACTS)
    return Line(title, READY, _("%(teachers)s, each with an email", teachers=words), APPOINTMENTS)


def _classes(counted: Counted) -> Line:
    title, students = _("Classes"), counted.students
    if not counted.classes:
        words = _("The school has no classes yet: families would see no teacher for their children.")
        return Line(title, MISSING, words, IMPORTER)
    said = list(_left_without(counted))
    if said:
        state = MISSING if students.all and students.without_teacher == students.all else LOOK
        return Line(title, state, " ".join(said), CLASSES)
    return Line(title, READY, _("Each class and each student has a teacher in this event."), CLASSES)


def _left_without(counted: Counted) -> Iterator[str]:
    if counted.left_out:
        yield ngettext(
            "%(n)s class has no teacher in this event.",
            "%(n)s classes have no teacher in this event.",
            counted.left_out,
        )
    if number := counted.students.without_teacher:
        yield ngettext(
            "%(n)s student sees nobody to book.",
            "%(n)s students see nobody to book.",
            number,
        )


def _families(event: Event, counted: Counted) -> Line:
    title, students = _("Families"), counted.students
    if event.is_simple:
        return Line(title, READY, _("Any parent with an email can book; the child's name is asked."), UI_SETUP)
    if not students.all:
        return Line(title, MISSING, _("The school has no students yet: nobody can book."), IMPORTER)
    if students.unreachable:
        words = ngettext(
            "%(n)s student of %(all)s has neither a parent with an email nor a Security Value: nobody can book.",
            "%(n)s students of %(all)s have neither a parent with an email nor a Security Value: nobody can book.",
            students.unreachable,
            all=students.all,
        )
        return Line(title, MISSING if students.unreachable == students.all else LOOK, words, CONTACTS)
    words = ngettext(
        "%(n)s student, with a parent's email or a Security Value",
        "%(n)s students, each with a parent's email or a Security Value",
        students.all,
    )
    return Line(title, READY, words, CONTACTS)


def _slots(facts: Facts) -> Line:
    title = _("Slots")
    if not facts.has_slots:
        return Line(title, MISSING, _("There are no slots yet: there is no time to book."), CREATE_SLOTS)
    if not facts.days:
        return Line(title, MISSING, _("All coming slots are unavailable: there is no time to book."), UPDATE_SLOTS)
    number = sum(offer.coming.slots for offer in facts.offers)
    words = ngettext("%(n)s slot", "%(n)s slots", number) + ", " + _days(facts)
    if without := sum(not offer.coming.slots for offer in facts.offers):
        more = ngettext("%(n)s teacher has none.", "%(n)s teachers have none.", without)
        return Line(title, LOOK, f"{words}. {more}", CREATE_SLOTS)
    return Line(title, READY, words, APPOINTMENTS)


def _days(facts: Facts) -> str:
    first, last = facts.days[0], facts.days[-1]
    if first == last:
        return short_day(first)
    return _("%(first)s to %(last)s", first=short_day(first), last=short_day(last))


def _online(facts: Facts) -> Line:
    title = _("Online meetings")
    if not facts.virtual:
        if facts.provider and facts.has_slots:
            return Line(title, LOOK, _("Zoom is on, but all slots are In-Person."), UI_SETUP)
        return Line(title, READY, _("None: there are no virtual slots."), UI_SETUP)
    if facts.provider:
        if facts.connection is None or not facts.connection.is_live:
            return Line(title, MISSING, _("Zoom is on, but not connected: no links are made."), SETUP)
        return Line(title, READY, _("Zoom makes a link for each virtual appointment."), UI_SETUP)
    if without := sum(not is_safe_link(offer.virtual_room) for offer in facts.virtual):
        words = ngettext(
            "No provider is on, and %(n)s teacher with virtual slots has no link.",
            "No provider is on, and %(n)s teachers with virtual slots have no link.",
            without,
        )
        return Line(title, MISSING, words, APPOINTMENTS)
    return Line(title, READY, _("The links that you typed."), APPOINTMENTS)


def _booking(event: Event, settings: EventSettings, facts: Facts, now: datetime) -> Line:
    title, words = _("Booking"), availability(event, settings, now=now).words
    if settings.opens_at is None:
        return Line(title, MISSING, _("Families cannot book: no opening time is set."), UI_SETUP)
    if settings.has_closed(now):
        return Line(title, LOOK, _("Booking has closed, and times are still to come."), UI_SETUP)
    if facts.days and settings.opens_at >= day_bounds(facts.days[-1], event.zone)[1]:
        return Line(title, LOOK, _("%(words)s: after the last time.", words=words), UI_SETUP)
    return Line(title, READY, words, UI_SETUP)


def _mails(facts: Facts, counted: Counted) -> Line:
    if facts.virtual and facts.mails_that_hide_links:
        words = _("Families would not see their links in a mail or on the Printable Schedule.")
        return Line(_("Mails"), LOOK, words, NOTIFICATIONS)
    names = {CONFIRMATION: _("Confirmation email"), REMINDER: _("Reminder email")}
    off = [name for kind, name in names.items() if not counted.texts[kind].is_on]
    if off:
        return Line(_("Mails"), LOOK, _("Switched off: %(names)s", names=", ".join(off)), NOTIFICATIONS)
    hours = ", ".join(str(lead) for lead in counted.texts[REMINDER].lead_hours)
    words = _("Families get a confirmation, and a reminder %(hours)s hours before.", hours=hours)
    return Line(_("Mails"), READY, words, NOTIFICATIONS)


def _notified(counted: Counted) -> Line:
    title = _("Notification Contacts")
    if counted.notified:
        words = ngettext("%(n)s address is told of trouble.", "%(n)s addresses are told of trouble.", counted.notified)
        return Line(title, READY, words, SETUP)
    if counted.administrators:
        return Line(title, READY, _("None chosen: the Administrators are told of trouble."), SETUP)
    return Line(title, MISSING, _("Nobody is told of trouble: no Administrator has an email."), SETUP)


def _red(counted: Counted) -> Line:
    words = ngettext(
        "%(n)s appointment has a problem: move, cancel or confirm it.",
        "%(n)s appointments have a problem: move, cancel or confirm them.",
        counted.red,
    )
    return Line(_("Appointments"), LOOK, words, RED)
