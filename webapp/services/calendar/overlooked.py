"""Find appointments whose entries are not those that they should have: a change of calendar or team that was made in
the moment of their booking may not have seen them (RELIABILITY I12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select, union
from sqlmodel import Session, col

from webapp.models import Appointment, CalendarEntry, CalendarLink, ResourceMember, Slot
from webapp.models.calendar.calendar_entry import DELETED
from webapp.models.system.wished import PRESENT
from webapp.services.booking.agenda import standing
from webapp.services.calendar.wish_entries import is_place_of


def overlooked_entries(session: Session, *, now: datetime) -> list[int]:
    """Ids of appointments to `follow` once more; as a rule none. One query."""
    return sorted(session.execute(union(_without(now), _too_many(), _elsewhere(now))).scalars())


def _without(now: datetime) -> Any:
    """To come, of a teacher who chose a calendar, and nothing is wished there."""
    wished = exists().where(_is_current(), col(CalendarEntry.link_id) == col(CalendarLink.id))
    query = _appointments().join(CalendarLink, is_place_of(col(ResourceMember.contact_id)))
    return query.where(standing(), col(Slot.ends_at) > now, ~wished)


def _too_many() -> Any:
    """An entry is wished for one that does not stand, or of somebody who is not of its teachers."""
    is_of_team = exists().where(
        col(ResourceMember.resource_id) == col(Appointment.resource_id),
        col(ResourceMember.contact_id) == col(CalendarLink.contact_id),
    )
    query = (
        select(col(Appointment.id))
        .join(CalendarEntry, _is_current())
        .join(CalendarLink, col(CalendarLink.id) == col(CalendarEntry.link_id))
    )
    return query.where(col(CalendarLink.disconnected_at).is_(None), or_(~standing(), ~is_of_team))


def _elsewhere(now: datetime) -> Any:
    """On another calendar than the one that is chosen."""
    query = (
        _appointments()
        .join(CalendarLink, is_place_of(col(ResourceMember.contact_id)))
        .join(CalendarEntry, and_(_is_current(), col(CalendarEntry.link_id) == col(CalendarLink.id)))
    )
    is_other = col(CalendarEntry.calendar_id) != col(CalendarLink.calendar_id)
    return query.where(standing(), col(Slot.ends_at) > now, is_other, col(CalendarEntry.theirs) != DELETED)


def _appointments() -> Any:
    """With a row for each teacher."""
    return (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Appointment.resource_id))
    )


def _is_current() -> Any:
    is_of_it = col(CalendarEntry.appointment_id) == col(Appointment.id)
    return and_(is_of_it, col(CalendarEntry.replaced_at).is_(None), col(CalendarEntry.wish) == PRESENT)
