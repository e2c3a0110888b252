"""Know which appointments a change of connection or mapping concerns."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Appointment, EventSettings, ResourceMember, Slot
from webapp.portions import portions


def appointments_waiting_on(
    session: Session, school_id: int, provider: str, contact_ids: Collection[int] | None = None, *, now: datetime
) -> list[int]:
    """The standing virtual appointments that have not ended, of events that use the provider; where `contact_ids` is
    given, of resources of which one of these contacts is a member."""
    if contact_ids is None:
        return _waiting(session, school_id, provider, None, now=now)
    ids: set[int] = set()
    for some in portions(sorted(set(contact_ids))):
        ids.update(_waiting(session, school_id, provider, some, now=now))
    return sorted(ids)


def _waiting(
    session: Session, school_id: int, provider: str, contact_ids: list[int] | None, *, now: datetime
) -> list[int]:
    query = (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(EventSettings, col(EventSettings.event_id) == col(Appointment.event_id))
        .where(
            col(Appointment.school_id) == school_id,
            col(Appointment.is_virtual),
            col(Appointment.cancelled_at).is_(None),
            col(EventSettings.provider) == provider,
            col(Slot.ends_at) > now,
        )
        .order_by(col(Slot.starts_at), col(Appointment.id))
    )
    if contact_ids is not None:
        members = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id).in_(contact_ids))
        query = query.where(col(Appointment.resource_id).in_(members))
    return [number for number in session.execute(query).scalars() if number is not None]
