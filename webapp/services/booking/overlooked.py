"""Find appointments whose meeting is not the one that they should have: a change of host, provider or connection that
was made in the moment of their booking may not have seen them (RELIABILITY I11)."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, select, union
from sqlmodel import Session, col

from webapp.models import Appointment, Connection, EventSettings, Host, Meeting, ResourceMember, Slot
from webapp.models.meeting.host import MAPPED
from webapp.models.system.wished import PRESENT
from webapp.services.booking.connected import is_connected


def overlooked(session: Session, *, now: datetime) -> list[int]:
    """Ids of appointments to `follow` once more; as a rule none. One query."""
    return sorted(session.execute(union(_without(now), _too_many(), _elsewhere(now))).scalars())


def _without(now: datetime) -> Any:
    """To come, virtual, of an event with a provider, and nothing is wished."""
    wished = exists().where(_is_current())
    return _appointments().where(_wants(), col(Slot.ends_at) > now, ~wished)


def _too_many() -> Any:
    """A meeting is wished for one that wants none, or none there."""
    wants_this = and_(_wants(), col(EventSettings.provider) == col(Meeting.provider))
    return _appointments().join(Meeting, _is_current()).where(~wants_this)


def _elsewhere(now: datetime) -> Any:
    """The teacher who is first could host it, and it is with nobody or with another."""
    first = (
        select(col(ResourceMember.contact_id))
        .where(col(ResourceMember.resource_id) == col(Appointment.resource_id))
        .order_by(col(ResourceMember.position), col(ResourceMember.contact_id))
        .limit(1)
        .correlate(Appointment)
        .scalar_subquery()
    )
    can_host = and_(
        col(Host.contact_id) == first,
        col(Host.provider) == col(Meeting.provider),
        col(Host.state) == MAPPED,
        col(Host.remote_id) != col(Meeting.host_key),
    )
    is_live = is_connected(col(Appointment.school_id))
    query = _appointments().join(Meeting, _is_current()).join(Host, can_host).join(Connection, is_live)
    return query.where(_wants(), col(Slot.ends_at) > now)


def _appointments() -> Any:
    return (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(EventSettings, col(EventSettings.event_id) == col(Appointment.event_id))
    )


def _wants() -> Any:
    is_booked = and_(col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))
    return and_(is_booked, col(Appointment.is_virtual), col(EventSettings.provider).is_not(None))


def _is_current() -> Any:
    is_of_it = col(Meeting.appointment_id) == col(Appointment.id)
    return and_(is_of_it, col(Meeting.replaced_at).is_(None), col(Meeting.wish) == PRESENT)
