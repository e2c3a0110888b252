"""Read a claimed meeting with what it depends on: its appointment, its school's connection, its host's rule."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Appointment, Connection, Event, Host, Meeting, Resource, Slot
from webapp.providers.base import MeetingOrder, PasscodeRule
from webapp.services.meeting.order import digest, topic_of
from webapp.services.system.errand import Claim
from webapp.services.system.installation import life_of


def lock_appointments(session: Session, claims: Sequence[Claim]) -> None:
    """All before anything else, and in the order of `follow`: of two who hold some each, none waits for the other."""
    theirs = select(col(Meeting.appointment_id)).where(col(Meeting.id).in_([claim.id for claim in claims]))
    rows = select(col(Appointment.id)).where(col(Appointment.id).in_(theirs)).order_by(col(Appointment.id))
    session.execute(rows.with_for_update(key_share=True)).all()


def locked(session: Session, claim: Claim) -> Meeting | None:
    """The claimed row, if it is still there, with all meetings of its appointment, which is locked already."""
    theirs = select(col(Meeting.appointment_id)).where(col(Meeting.id) == claim.id).scalar_subquery()
    query = select(Meeting).where(col(Meeting.appointment_id) == theirs).order_by(col(Meeting.id)).with_for_update()
    rows = session.execute(query.execution_options(populate_existing=True)).scalars().all()
    return next((meeting for meeting in rows if meeting.id == claim.id), None)


def order_of(session: Session, meeting: Meeting) -> MeetingOrder:
    """What the meeting shall be, from the rows as they stand."""
    query: Any = (
        select(
            col(Slot.starts_at),
            col(Slot.ends_at),
            col(Event.zone),
            col(Event.name),
            col(Resource.name).label("resource"),
        )
        .join(Appointment, col(Appointment.slot_id) == col(Slot.id))
        .join(Event, col(Event.id) == col(Slot.event_id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .where(col(Appointment.id) == meeting.appointment_id)
    )
    row = session.execute(query).one()
    return MeetingOrder(
        marker=meeting.marker,
        host_key=meeting.host_key,
        topic=topic_of(row.name, row.resource),
        starts_at=row.starts_at,
        minutes=int((row.ends_at - row.starts_at).total_seconds() // 60),
        zone=row.zone,
        rule=_rule(session, meeting),
    )


def told(order: MeetingOrder) -> str:
    return digest(topic=order.topic, starts_at=order.starts_at, minutes=order.minutes, zone=order.zone)


def connection_of(session: Session, meeting: Meeting) -> Connection | None:
    query = select(Connection).where(
        col(Connection.school_id) == meeting.school_id, col(Connection.provider) == meeting.provider
    )
    return session.execute(query).scalar_one_or_none()


def is_of_earlier_life(session: Session, meeting: Meeting) -> bool:
    """It was wished before a backup was restored, and may have been made since that backup (RELIABILITY 2.4)."""
    return not meeting.marker.startswith(f"{life_of(session)}-")


def _rule(session: Session, meeting: Meeting) -> PasscodeRule | None:
    query = select(col(Host.passcode_rule)).where(
        col(Host.school_id) == meeting.school_id, col(Host.remote_id) == meeting.host_key
    )
    stored = session.execute(query).scalars().first()
    return PasscodeRule(**json.loads(stored)) if stored else None
