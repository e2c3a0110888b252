"""Ask for all that decides whether an appointment has an online meeting, and with whom."""

from typing import Any

from sqlalchemy import BindParameter, Select, and_, exists, select
from sqlmodel import col

from webapp.models import (
    Appointment,
    CalendarLink,
    Connection,
    Event,
    EventSettings,
    Host,
    Resource,
    ResourceMember,
    Slot,
)
from webapp.models.base import table_of
from webapp.models.meeting.connection import BY_CONSENT

_HOST = table_of(Host).c
_GRANT = table_of(Connection).c
_LINK = table_of(CalendarLink).c
HOST_COLUMNS = ("lead_id", "host_state", "host_key", "connected_at", "disconnected_at", "needs_reconnect_at")


def facts_about(ids: BindParameter[Any]) -> Select[Any]:
    """The columns of `wish_meetings.Fact` for appointments."""
    provider = col(EventSettings.provider)
    query = (
        select(
            *(col(getattr(Appointment, n)) for n in "id school_id act is_virtual cancelled_at held_until".split()),
            col(Slot.starts_at),
            col(Slot.ends_at),
            col(Event.zone),
            col(Event.name).label("event_name"),
            col(Resource.name).label("resource_name"),
            provider,
            exists().where(_LINK.school_id == col(Appointment.school_id)).label("is_linked"),
        )
        .select_from(Appointment)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Event, col(Event.id) == col(Appointment.event_id))
        .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .where(col(Appointment.id).in_(ids))
    )
    ties = {"resource_id": col(Appointment.resource_id), "school_id": col(Appointment.school_id)}
    return with_host(query, **ties, provider=provider)


def with_host(query: Select[Any], *, resource_id: Any, school_id: Any, provider: Any) -> Select[Any]:
    """The query with all that says whether a resource can hold meetings: its first member, that one's user at the
    provider, and the school's grant (HOST_COLUMNS). The others are columns of the query."""
    member = table_of(ResourceMember).alias()
    lead = (
        select(member.c.contact_id)
        .where(member.c.resource_id == resource_id)
        .order_by(member.c.position, member.c.contact_id)
        .limit(1)
        .correlate_except(member)
        .scalar_subquery()
    )
    is_host = and_(_HOST.contact_id == lead, _HOST.provider == provider)
    is_grant = and_(_GRANT.school_id == school_id, _GRANT.provider == provider, _GRANT.grant_type == BY_CONSENT)
    columns: Any = (
        lead.label("lead_id"),
        _HOST.state.label("host_state"),
        _HOST.remote_id.label("host_key"),
        _GRANT.connected_at,
        _GRANT.disconnected_at,
        _GRANT.needs_reconnect_at,
    )
    return query.add_columns(*columns).outerjoin(table_of(Host), is_host).outerjoin(table_of(Connection), is_grant)
