"""Know which appointments still have something at a provider that has to go: without their rows nobody knows of it."""

from typing import Any

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import col

from webapp.models import Appointment, CalendarEntry, CalendarLink, Meeting
from webapp.models.system.wished import ABSENT
from webapp.services.booking.connected import is_connected
from webapp.services.calendar.linked import is_live


def is_still_outside() -> ColumnElement[bool]:
    """Of appointments: their meeting at an account that we may call, or their entry on a calendar to which we may
    write, is being removed. A meeting that is left behind the sweep finds by its mark, once the school connects again.
    """
    meeting = exists().where(*_is_leaving(Meeting), is_connected(col(Meeting.school_id)))
    entry = exists().where(*_is_leaving(CalendarEntry), col(CalendarEntry.link_id) == col(CalendarLink.id))
    return or_(meeting, entry.where(is_live()))


def _is_leaving(table: Any) -> tuple[ColumnElement[bool], ...]:
    is_of_it = col(table.appointment_id) == col(Appointment.id)
    return is_of_it, col(table.wish) == ABSENT, col(table.gone_at).is_(None)
