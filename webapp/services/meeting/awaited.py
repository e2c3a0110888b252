"""Read the coming virtual appointments that lack a working link, with all that decides why, in three queries."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.i18n import gettext
from webapp.models import (
    Appointment,
    Connection,
    Contact,
    Event,
    EventSettings,
    Host,
    Meeting,
    Resource,
    ResourceMember,
    Slot,
    Student,
)
from webapp.models.meeting.connection import BY_CONSENT
from webapp.models.meeting.host import MAPPED
from webapp.services.booking.agenda import standing
from webapp.services.booking.wish_meetings import why_unreachable
from webapp.services.calendar.linked import has_export
from webapp.services.event.typed_link import is_safe_link
from webapp.services.system.wishes import OPERATORS


@dataclass(frozen=True)
class Awaited:
    """One appointment. `since` is when its link was asked for; `lead_id` is the contact that hosts, if there is one;
    `is_running` says that a process is at it just now, `is_exported` that its host's calendar is set up (R33),
    `unreachable` why the school's connection is of no use, if it is."""

    id: int
    event_id: int
    event: str
    zone: str
    provider: str | None
    resource_id: int
    teacher: str
    starts_at: datetime
    parent: str
    child: str
    has_typed_link: bool
    lead_id: int | None
    lead: str
    lead_email: str
    remote_id: str
    remote_email: str
    host_state: str | None
    join_url: str | None
    since: datetime
    tries: int
    next_try: datetime | None
    is_running: bool
    problem: str | None
    problem_values: str
    problem_code: str
    problem_detail: str
    problem_at: datetime | None = None
    zone_changed_at: datetime | None = None
    is_exported: bool = False
    suggested: tuple[str, ...] = ()
    unreachable: str | None = None

    @property
    def is_given_up(self) -> bool:
        return self.problem is not None and self.next_try is None

    @property
    def has_failed_in_new_zone(self) -> bool:
        """A call failed since the event's zone was changed (R40)."""
        return bool(self.problem_at and self.zone_changed_at and self.problem_at >= self.zone_changed_at)

    def minutes(self, now: datetime) -> int:
        """How long it has waited."""
        return max(0, int((now - self.since).total_seconds() // 60))

    @property
    def words(self) -> str:
        """The last problem as a sentence for the office; empty where there was none."""
        return gettext(self.problem, **self.values) if self.problem else ""

    @property
    def values(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.problem_values or "{}")
        return read


def awaited(session: Session, events: Collection[int], *, now: datetime) -> list[Awaited]:
    """By time. Linked ones are among them only if their provider was not told of a change, or nobody can hold them."""
    unlinked = _without_typed_link(session, events)
    rows = session.execute(_query().where(_coming(events, now), _is_in_want(unlinked))).mappings()
    return [_awaited(dict(row), unlinked, now) for row in rows]


def count_virtual(session: Session, events: Collection[int], *, now: datetime) -> int:
    """All coming virtual appointments of the events, linked or not."""
    query = select(func.count()).select_from(Appointment).join(Slot, col(Slot.id) == col(Appointment.slot_id))
    n: int = session.execute(query.where(_coming(events, now))).scalar_one()
    return n


def _coming(events: Collection[int], now: datetime) -> ColumnElement[bool]:
    """In-Person appointments never wait for a link (R39)."""
    return and_(col(Appointment.event_id).in_(events), standing(), col(Appointment.is_virtual), col(Slot.ends_at) > now)


def _without_typed_link(session: Session, events: Collection[int]) -> set[int]:
    """The resources of events without a provider whose Virtual Room holds nothing that may be shown as a link."""
    query = (
        select(col(Resource.id), col(Resource.virtual_room))
        .join(EventSettings, col(EventSettings.event_id) == col(Resource.event_id))
        .where(col(Resource.event_id).in_(events), col(EventSettings.provider).is_(None))
    )
    return {row.id for row in session.execute(query) if not is_safe_link(row.virtual_room)}


def _is_in_want(unlinked: Collection[int]) -> ColumnElement[bool]:
    has_provider = col(EventSettings.provider).is_not(None)
    is_hopeless = or_(col(Meeting.due_at).is_(None), col(Meeting.problem_code).in_(OPERATORS))
    is_given_up = and_(col(Meeting.problem).is_not(None), is_hopeless)
    return or_(
        _lead().is_(None),
        and_(has_provider, or_(col(Meeting.join_url).is_(None), is_given_up, col(Host.state).is_distinct_from(MAPPED))),
        col(Appointment.resource_id).in_(unlinked),
    )


def _lead() -> ScalarSelect[Any]:
    """The first contact of the resource, who hosts its meetings."""
    return (
        select(col(ResourceMember.contact_id))
        .where(col(ResourceMember.resource_id) == col(Appointment.resource_id))
        .order_by(col(ResourceMember.position), col(ResourceMember.contact_id))
        .limit(1)
        .correlate(Appointment)
        .scalar_subquery()
    )


def _query() -> Any:
    lead = aliased(Contact)
    is_host = and_(col(Host.contact_id) == col(lead.id), col(Host.provider) == col(EventSettings.provider))
    is_grant = and_(
        col(Connection.school_id) == col(Appointment.school_id),
        col(Connection.provider) == col(EventSettings.provider),
        col(Connection.grant_type) == BY_CONSENT,
    )
    is_current = and_(col(Meeting.appointment_id) == col(Appointment.id), col(Meeting.replaced_at).is_(None))
    columns = (
        col(Appointment.id),
        *(col(getattr(Appointment, name)) for name in ("event_id", "resource_id", "child_name", "booked_at")),
        *(col(column) for column in (Event.zone, Event.zone_changed_at, EventSettings.provider, Slot.starts_at)),
        col(Event.name).label("event"),
        col(Resource.name).label("teacher"),
        *_person(Contact, "parent"),
        *_person(Student, "child"),
        *_person(lead, "lead"),
        col(lead.id).label("lead_id"),
        col(lead.email).label("lead_email"),
        has_export(col(lead.id)).label("is_exported"),
        col(Host.remote_id),
        col(Host.remote_email),
        col(Host.state).label("host_state"),
        col(Host.suggested),
        *(col(getattr(Meeting, name)) for name in ("join_url", "wished_at", "attempts", "due_at", "claim")),
        *(col(getattr(Connection, f"{what}_at")) for what in ("connected", "disconnected", "needs_reconnect")),
        *(col(getattr(Meeting, f"problem{part}")) for part in ("", "_values", "_code", "_detail", "_at")),
    )
    return (
        select(*columns)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Event, col(Event.id) == col(Appointment.event_id))
        .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .join(Contact, col(Contact.id) == col(Appointment.contact_id))
        .outerjoin(Student, col(Student.id) == col(Appointment.student_id))
        .outerjoin(Meeting, is_current)
        .outerjoin(lead, col(lead.id) == _lead())
        .outerjoin(Host, is_host)
        .outerjoin(Connection, is_grant)
        .order_by(col(Slot.starts_at), col(Appointment.id))
    )


def _person(table: Any, name: str) -> tuple[Any, Any]:
    return col(table.first).label(f"{name}_first"), col(table.last).label(f"{name}_last")


def _awaited(row: dict[str, Any], unlinked: Collection[int], now: datetime) -> Awaited:
    typed, booked_at, wished_at = row.pop("child_name"), row.pop("booked_at"), row.pop("wished_at")
    next_try, claim = row.pop("due_at"), row.pop("claim")
    grant = (row.pop(f"{what}_at") for what in ("connected", "disconnected", "needs_reconnect"))
    names = {who: _name(row, who) for who in ("parent", "child", "lead")}
    names_of_texts = ("lead_email", "remote_id", "remote_email", "problem_values", "problem_code", "problem_detail")
    texts: dict[str, Any] = {name: row.pop(name) or "" for name in names_of_texts}
    return Awaited(
        parent=names["parent"],
        child=names["child"] or typed,
        lead=names["lead"],
        has_typed_link=row["resource_id"] not in unlinked,
        # A row whose wish was never written down is as old as its booking: it must not wait unseen.
        since=wished_at or booked_at,
        tries=row.pop("attempts") or 0,
        next_try=next_try,
        unreachable=why_unreachable(*grant),
        suggested=tuple(json.loads(row.pop("suggested") or "[]")),
        is_running=claim is not None and next_try is not None and next_try > now,
        **texts,
        **row,
    )


def _name(row: dict[str, Any], who: str) -> str:
    return f"{row.pop(f'{who}_first') or ''} {row.pop(f'{who}_last') or ''}".strip()
