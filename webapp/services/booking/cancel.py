"""Cancel an appointment once: its time is free at once, its meeting goes by itself."""

from datetime import datetime

from sqlalchemy import CursorResult, bindparam, or_, select, update
from sqlmodel import Session, col

from webapp import faults
from webapp.errors import NotFound
from webapp.models import Appointment, Contact, Slot
from webapp.models.base import table_of
from webapp.prepared import Prepared
from webapp.services.booking.consequences import follow
from webapp.services.booking.errors import AlreadyCancelled, AppointmentMoved
from webapp.services.booking.occupancy import release
from webapp.services.system import audit
from webapp.services.system.audit import Who


def appointment_of_maker(session: Session, contact: Contact, token: str) -> Appointment:
    """The contact's own appointment. Raises NotFound for anybody else's."""
    return _found(session.execute(_OF_MAKER, {"its_token": token, "maker": contact.id}).scalar_one_or_none())


def appointment_of_event(session: Session, school_id: int, event_id: int, appointment_id: int) -> Appointment:
    query = select(Appointment).where(
        col(Appointment.id) == appointment_id,
        col(Appointment.event_id) == event_id,
        col(Appointment.school_id) == school_id,
    )
    return _found(session.execute(query).scalar_one_or_none())


def cancel_appointment(session: Session, appointment: Appointment, *, who: Who, now: datetime) -> None:
    """Raises AlreadyCancelled the second time."""
    hold(session, appointment)
    mine = update(Appointment).where(col(Appointment.id) == appointment.id, col(Appointment.cancelled_at).is_(None))
    result = session.execute(mine.values(cancelled_at=now, held_until=None))
    assert isinstance(result, CursorResult)
    assert appointment.id is not None
    if result.rowcount != 1:
        raise AlreadyCancelled
    release(session, {appointment.id: appointment.slot_id})
    audit.record(
        session,
        "appointment.cancel",
        who=who,
        school_id=appointment.school_id,
        subject=f"appointment {appointment.id}",
        now=now,
    )
    follow(session, [appointment.id], now=now)
    faults.point("cancel.before_commit")


def hold(session: Session, appointment: Appointment, *, slot: str = "") -> None:
    """Lock its slot, and another by its token, in the order of their ids: whoever books, moves or cancels waits here
    and nowhere else. Raises AppointmentMoved if somebody moved it meanwhile."""
    was_at = appointment.slot_id
    _LOCK.all(session, {"was_at": was_at, "wanted": slot})
    session.refresh(appointment)
    if appointment.slot_id != was_at:
        raise AppointmentMoved


def _found(appointment: Appointment | None) -> Appointment:
    if appointment is None:
        raise NotFound
    return appointment


_OF_MAKER = select(Appointment).where(
    col(Appointment.token) == bindparam("its_token"), col(Appointment.contact_id) == bindparam("maker")
)
_SLOT = table_of(Slot).c
_LOCK = Prepared(
    select(_SLOT.id)
    .where(or_(_SLOT.id == bindparam("was_at"), _SLOT.token == bindparam("wanted")))
    .order_by(_SLOT.id)
    .with_for_update()
)
