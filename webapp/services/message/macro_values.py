"""Say what each macro stands for: the recipient's own appointments, contact, event and school, and nothing else."""

from collections.abc import Sequence

from markupsafe import Markup

from webapp import i18n
from webapp.documents.macros import Value, Values
from webapp.documents.paper import NOTHING
from webapp.i18n import gettext as _
from webapp.i18n import ngettext
from webapp.models import Contact, Event, School
from webapp.services.booking.agenda import Entry
from webapp.services.booking.room import MAKING, MISSING, Room


def shared_values(
    school: School, event: Event, contact: Contact, *, page: str, text: str = "", html: Markup = NOTHING
) -> Values:
    """`page` is the family's My Appointments; `text` and `html` are the table of all appointments."""
    return {
        "FirstName": Value(contact.first),
        "LastName": Value(contact.last),
        "Email": Value(contact.email or ""),
        "E_NAME": Value(event.name),
        "E_DATE": Value(event.date_label),
        "E_LOCATION": Value(event.location),
        "E_DESCRIPTION": Value(event.description, html=_as_typed(event.description)),
        "E_LINK": Value(page, page),
        "V_NAME": Value(school.name),
        "AppointmentsTable": Value(text, html=html),
    }


def _as_typed(text: str) -> Markup:
    """With its line breaks."""
    return Markup("<br>\n").join(text.splitlines())


def appointment_values(entries: Sequence[Entry], *, page: str) -> list[Values]:
    return [_values(entry, page) for entry in entries]


def values_for_teacher(entry: Entry, values: Values, page: str, status: str) -> Values:
    """`page` is the teacher's own list, where every address in the mail leads; `status` what became of the
    appointment, where its row does not say it."""
    changed = {"CancelLink": Value(page, page)} | ({"Status": Value(status)} if status else {})
    if entry.room.state == MAKING:
        changed["Room"] = Value(_("The link is being made. It will stand in Teachers Schedule."))
    elif entry.room.state == MISSING and entry.is_virtual:
        changed["Room"] = Value(_("Online. There is no link yet."))
    return {**values, **changed}


def values_for_family(entry: Entry, values: Values) -> Values:
    """What the school has withdrawn is said where the room would stand."""
    if not is_taken_back(entry):
        return values
    words = _("The school has withdrawn this time. Choose another one, or wait to hear from the school.")
    return {**values, "Room": Value(words), "MeetingPasscode": Value("")}


def is_taken_back(entry: Entry) -> bool:
    """Withdrawn by the school, and not cancelled since."""
    return entry.is_withdrawn and entry.cancelled_at is None


def _values(entry: Entry, page: str) -> Values:
    cancel = f"{page.removesuffix('/mine')}/a/{entry.token}/cancel"
    minutes = ngettext("%(n)s minute", "%(n)s minutes", entry.minutes)
    return {
        "Date": Value(i18n.long_day(i18n.local_day(entry.starts_at, entry.zone))),
        "Time": Value(i18n.clock_time(entry.starts_at, entry.zone)),
        "EndTime": Value(i18n.clock_time(entry.ends_at, entry.zone)),
        "Duration": Value(minutes),
        "Teacher": Value(entry.teacher),
        "Student": Value(entry.child),
        "Class": Value(entry.class_name),
        "AppointmentType": Value(_("Virtual") if entry.is_virtual else _("In-Person")),
        "Service": Value(entry.service),
        "Room": Value(_room(entry.room, is_virtual=entry.is_virtual), entry.room.url),
        "MeetingPasscode": Value(entry.room.passcode),
        "CancelLink": Value(cancel, cancel),
        "Status": Value(_("Cancelled") if entry.cancelled_at else _("Booked")),
    }


def _room(room: Room, *, is_virtual: bool) -> str:
    """Never blank: what is not there yet is said (MACRO-018)."""
    if room.state == MAKING:
        return _("Your link will appear here and be mailed to you")
    if room.state == MISSING:
        return _("Online. The school will send the link.") if is_virtual else _("In person, at school")
    return room.text
