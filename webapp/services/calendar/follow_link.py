"""Bring the entries of a teacher in line with what became of their link: a calendar, or another, or a new account."""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from webapp.models import Appointment, CalendarEntry, CalendarLink, Slot
from webapp.models.calendar.calendar_entry import DELETED
from webapp.portions import portions
from webapp.services.booking.agenda import with_teacher
from webapp.services.booking.consequences import follow
from webapp.services.booking.wish_meetings import lock_appointments


def follow_link(session: Session, link: CalendarLink, *, now: datetime) -> None:
    """Call it after a calendar was chosen, another one, or the account was linked again: what waited is due, what was
    refused is tried once more, and entries move to the calendar that is chosen now. Nothing of it mends a meeting."""
    follow(session, _concerned(session, link, now=now), now=now, retry_entries=True)


def leave_account(session: Session, link: CalendarLink, *, now: datetime) -> None:
    """Call it before another account takes the link's place: what stands in the former one stays there, for we may not
    write to it any more. Entries of the next generation come with `follow_link`."""
    columns = {"gone_at": now, "due_at": None, "claim": None, "attempt_at": None}
    theirs = (col(CalendarEntry.link_id) == link.id, col(CalendarEntry.gone_at).is_(None))
    replaced = update(CalendarEntry).where(*theirs, col(CalendarEntry.replaced_at).is_(None)).values(replaced_at=now)
    session.execute(replaced)
    session.execute(update(CalendarEntry).where(*theirs).values(columns))
    session.expire_all()


def put_back(session: Session, link: CalendarLink, *, now: datetime) -> None:
    """Its owner wants entries again that they had deleted: those of the coming appointments are made anew. The
    appointments are locked first, by all who lock both."""
    for some in portions(sorted(_concerned(session, link, now=now))):
        lock_appointments(session, some)
    query = (
        select(CalendarEntry)
        .join(Appointment, col(Appointment.id) == col(CalendarEntry.appointment_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(CalendarEntry.link_id) == link.id, col(CalendarEntry.theirs) == DELETED)
        .where(col(CalendarEntry.replaced_at).is_(None), col(Slot.ends_at) > now)
    )
    deleted = query.order_by(col(CalendarEntry.id)).with_for_update(of=CalendarEntry)
    for entry in session.execute(deleted.execution_options(populate_existing=True)).scalars():
        entry.replaced_at = entry.gone_at = now
    session.flush()
    follow_link(session, link, now=now)


def _concerned(session: Session, link: CalendarLink, *, now: datetime) -> list[int]:
    """The coming appointments of the teacher, and those with an entry of the link, which may not stand any more."""
    known = select(col(CalendarEntry.appointment_id)).where(
        col(CalendarEntry.link_id) == link.id, col(CalendarEntry.gone_at).is_(None)
    )
    query = (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.school_id) == link.school_id, col(Slot.ends_at) > now)
        .where(or_(with_teacher(link.contact_id), col(Appointment.id).in_(known)))
        .order_by(col(Slot.starts_at), col(Appointment.id))
    )
    session.flush()
    return [number for number in session.execute(query).scalars() if number]
