"""Remember what teachers were mailed of an appointment, its beginning, and notice when that is not so any more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, and_, exists, or_, select, update
from sqlmodel import Session, col

from webapp.models import Appointment, CalendarLink, Event, Message, Slot
from webapp.models.message.message_text import RESOURCE
from webapp.services.booking.agenda import is_for_family, standing
from webapp.services.calendar.linked import is_set_up

NEW, MOVED, GONE = "new", "moved", "gone"


@dataclass(frozen=True)
class Change:
    """`was` is the beginning that the teachers know of, `starts_at` what they are to know."""

    appointment_id: int
    resource_id: int
    was: datetime | None
    starts_at: datetime | None

    @property
    def what(self) -> str:
        if self.starts_at is None:
            return GONE
        return MOVED if self.was else NEW


def changes_of(session: Session, event_id: int, *, now: datetime) -> list[Change]:
    """Of times to come. What the family does not see, teachers are not mailed either."""
    told = col(Appointment.resource_told)
    other = and_(standing(), is_for_family(), or_(told.is_(None), told != col(Slot.starts_at)))
    gone = and_(col(Appointment.cancelled_at).is_not(None), told.is_not(None))
    known = (col(Appointment.id), col(Appointment.resource_id), told)
    query = (
        select(*known, col(Slot.starts_at), col(Appointment.cancelled_at))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.event_id) == event_id, col(Slot.starts_at) > now, or_(other, gone))
        .order_by(col(Appointment.id))
    )
    rows = session.execute(query)
    return [Change(number, resource, was, None if gone else at) for number, resource, was, at, gone in rows]


def keep_resource_told(session: Session, change: Change) -> bool:
    """False where another process was faster."""
    told = col(Appointment.resource_told)
    unchanged = told.is_(None) if change.was is None else told == change.was
    mine = update(Appointment).where(col(Appointment.id) == change.appointment_id, unchanged)
    result = session.execute(mine.values(resource_told=change.starts_at))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def begin_telling(session: Session, event: Event) -> None:
    """From here on: what is booked by now stands in Teachers Schedule, and nobody is mailed it unasked."""
    begins = select(col(Slot.starts_at)).where(col(Slot.id) == col(Appointment.slot_id)).scalar_subquery()
    mine = update(Appointment).where(col(Appointment.event_id) == event.id)
    session.execute(mine.where(standing()).values(resource_told=begins))
    session.execute(mine.where(col(Appointment.cancelled_at).is_not(None)).values(resource_told=None))


def had_file(session: Session, message: Message) -> bool:
    """Whether a mail to this teacher about the appointment left before their calendar was linked, or was last saved:
    its file may have made an entry there. To withdraw one that was never made is harmless."""
    _, appointment, contact, _ = message.dedupe_key.split(":")
    begin, sent = f"{RESOURCE}:{appointment}:{contact}:", col(Message.sent_at)
    before = exists().where(
        col(CalendarLink.contact_id) == message.contact_id,
        is_set_up(),
        or_(sent < col(CalendarLink.saved_at), sent < col(CalendarLink.connected_at)),
    )
    key = col(Message.dedupe_key)
    query = select(col(Message.id)).where(key >= begin, key < f"{begin[:-1]};", sent.is_not(None), before)
    return session.execute(query.limit(1)).first() is not None
