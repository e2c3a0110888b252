"""Say a teacher's conferences for the calendar program that holds their private link (ICS-006: no child's name)."""

from datetime import datetime, timedelta

from sqlmodel import Session, col

from webapp.documents.calendar_file import CalendarEntry
from webapp.models import Appointment, Contact, School, Slot
from webapp.services.booking.agenda import agenda, is_for_family, with_teacher
from webapp.services.calendar.said import said_of
from webapp.services.message.calendar_entries import uid_of

MOST_IN_FEED = 1_000
"""A teacher has some dozens; a file that programs ask for each hour is bounded all the same."""


def teacher_feed(
    session: Session, school: School, contact: Contact, *, base_url: str, since: datetime, stamped_at: datetime
) -> list[CalendarEntry]:
    """Of all events of the school, teams included; cancelled ones too, since programs take out only what they are told
    of."""
    assert contact.id is not None
    is_booked = col(Appointment.held_until).is_(None)
    mine = (with_teacher(contact.id), is_booked, is_for_family(), col(Slot.ends_at) > since - timedelta(days=30))
    return [
        CalendarEntry(
            uid=uid_of(one.token),
            sequence=one.calendar_sequence,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            title=said.summary,
            description=said.description,
            location=said.location,
            url=one.room.url,
            stamped_at=stamped_at,
            is_cancelled=one.cancelled_at is not None,
        )
        for one in agenda(session, *mine)[:MOST_IN_FEED]
        for said in [said_of(school, one, base_url=base_url)]
    ]
