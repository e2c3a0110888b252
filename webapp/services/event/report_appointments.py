"""List an event's appointments as the office asks for them: by time, parent or room, cancelled, with their links."""

import json
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, select
from sqlmodel import Session, col

from webapp.i18n import gettext, moment
from webapp.models import Appointment, Contact, Host, Meeting, Resource
from webapp.services.booking.agenda import Entry, agenda, standing, with_teacher
from webapp.services.booking.room import LINK, MAKING, ROOM
from webapp.services.event.report import on_day
from webapp.services.event.report_table import Ask, Cell, Row, letters, when, word
from webapp.services.meeting.overview import held_up


def master_schedule(session: Session, ask: Ask) -> list[Row]:
    return [_row(ask, entry) for entry in _entries(session, ask, standing())]


def teachers_schedule(session: Session, ask: Ask) -> list[Row]:
    """Teacher by teacher, in the event's order, as on its page."""
    query = select(col(Resource.id)).where(col(Resource.event_id) == ask.event.id)
    in_order = session.execute(query.order_by(col(Resource.position), col(Resource.id))).scalars()
    places = {number: place for place, number in enumerate(in_order)}
    entries = sorted(_entries(session, ask, standing()), key=lambda entry: places[entry.resource_id])
    return [_row(ask, entry) for entry in entries]


def parents_schedule(session: Session, ask: Ask) -> list[Row]:
    """Parent by parent, each by time."""
    entries = _entries(session, ask, standing())
    return [_row(ask, entry) for entry in sorted(entries, key=lambda entry: (letters(entry.parent), entry.contact_id))]


def by_room(session: Session, ask: Ask) -> list[Row]:
    """In-person appointments room by room; those without a room come last, where somebody may see them."""
    entries = [entry for entry in _entries(session, ask, standing()) if not entry.is_virtual]
    in_order = sorted(entries, key=lambda entry: (entry.room.state != ROOM, letters(entry.room.text)))
    return [_row(ask, entry) for entry in in_order]


def cancelled_appointments(session: Session, ask: Ask) -> list[Row]:
    """Expired holds are none: no family ever had them."""
    was_booked = and_(col(Appointment.cancelled_at).is_not(None), col(Appointment.held_until).is_(None))
    return [_row(ask, entry) for entry in _entries(session, ask, was_booked)]


def meeting_links(session: Session, ask: Ask) -> list[Row]:
    """Virtual appointments with the state of each link, who hosts it, and the last thing that went wrong."""
    entries = _entries(session, ask, standing(), col(Appointment.is_virtual).is_(True))
    stuck = held_up(session, [ask.event.id or 0], now=ask.now)
    told = _told_of_meetings(session, ask)
    nothing = (word(""), word(""))
    return [_row(ask, entry) | _link(entry, entry.id in stuck, *told.get(entry.id, nothing)) for entry in entries]


def _entries(session: Session, ask: Ask, *where: ColumnElement[bool]) -> Sequence[Entry]:
    asked = [col(Appointment.event_id) == ask.event.id, *where]
    if ask.reader_id is not None:
        asked.append(with_teacher(ask.reader_id))
    if ask.resource_id is not None:
        asked.append(col(Appointment.resource_id) == ask.resource_id)
    if ask.day is not None:
        asked.append(on_day(ask.event, ask.day))
    return agenda(session, *asked)


def _row(ask: Ask, entry: Entry) -> dict[str, Cell]:
    cancelled = entry.cancelled_at
    return when(entry.starts_at, entry.minutes, entry.zone) | {
        "teacher": word(entry.teacher),
        "parent": word(entry.parent),
        "email": word(entry.email or ""),
        "student": word(entry.child),
        "class": word(entry.class_name),
        "type": word(gettext("Virtual") if entry.is_virtual else gettext("In-Person")),
        "room": _room(entry),
        "status": word(_status(entry)),
        "cancelled": Cell(moment(cancelled, entry.zone), cancelled) if cancelled else word(""),
        **{column: word(text) for column, text in ask.answers.row(entry.id).items()},
    }


def _room(entry: Entry) -> Cell:
    room = entry.room
    if room.state in {LINK, ROOM}:
        return word(room.text, room.url)
    if room.state == MAKING:
        return word(gettext("Being generated"))
    return word(gettext("No link typed") if entry.is_virtual else gettext("No room typed"))


def _status(entry: Entry) -> str:
    if entry.cancelled_at:
        return gettext("Cancelled")
    return gettext("Needs attention") if entry.problem else gettext("Booked")


def _link(entry: Entry, is_stuck: bool, host: Cell, error: Cell) -> dict[str, Cell]:
    state = {LINK: gettext("Link made"), MAKING: gettext("Being generated")}.get(entry.room.state)
    if state is None:
        state = gettext("No link typed")
    elif is_stuck:
        state = gettext("Needs attention")
    elif not entry.has_provider:
        state = gettext("Link typed")
    return {"state": word(state), "host": host, "error": error}


def _told_of_meetings(session: Session, ask: Ask) -> dict[int, tuple[Cell, Cell]]:
    """By appointment: the host's name, and the last error in words."""
    is_host = and_(
        col(Host.school_id) == col(Meeting.school_id),
        col(Host.provider) == col(Meeting.provider),
        col(Host.remote_id) == col(Meeting.host_key),
    )
    query = (
        select(Meeting, Contact)
        .join(Appointment, col(Appointment.id) == col(Meeting.appointment_id))
        .outerjoin(Host, is_host)
        .outerjoin(Contact, col(Contact.id) == col(Host.contact_id))
        .where(col(Appointment.event_id) == ask.event.id, col(Meeting.replaced_at).is_(None))
    )
    return {
        meeting.appointment_id: (word(host.name if host else ""), word(_error(meeting)))
        for meeting, host in session.execute(query)
    }


def _error(meeting: Meeting) -> str:
    if not meeting.problem:
        return ""
    words = gettext(meeting.problem, **json.loads(meeting.problem_values or "{}"))
    return f"{words} {meeting.problem_detail}".strip()
