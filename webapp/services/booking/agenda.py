"""Read appointments with all that pages, mails and reports say of them, in one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.models import (
    Appointment,
    Class,
    Contact,
    Event,
    EventSettings,
    Meeting,
    Resource,
    ResourceMember,
    Slot,
    Student,
)
from webapp.models.booking.appointment import BROKEN_RULE, CALENDAR_BUSY, STANDS_YET
from webapp.models.people.contact import written_name
from webapp.models.system.wished import PRESENT
from webapp.services.booking.room import Room, room_of


@dataclass(frozen=True)
class Entry:
    """One appointment as people see it. Instants are aware UTC; `zone` is the event's."""

    id: int
    token: str
    act: str
    event_id: int
    event_name: str
    zone: str
    resource_id: int
    resource_token: str
    teacher: str
    slot_id: int
    starts_at: datetime
    ends_at: datetime
    contact_id: int
    parent: str
    email: str | None
    child: str
    class_name: str
    service: str
    is_virtual: bool
    has_provider: bool
    room: Room
    told: str
    calendar_sequence: int
    calendar_said: str
    problem: str | None
    booked_at: datetime
    held_until: datetime | None
    cancelled_at: datetime | None
    confirmed_at: datetime | None
    student_id: int | None = None
    place: str = ""
    """The room or link that was typed for it, whether or not a provider's link is shown instead."""
    place_told: str | None = None
    is_mailed: bool = True
    is_link_mailed: bool = True
    """Whether its event mails what was booked, and the link that comes after: asked for a family's own pages alone."""

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def is_hidden(self) -> bool:
        """As `is_for_family`, of one."""
        return (self.problem or "").startswith(BROKEN_RULE)

    @property
    def is_withdrawn(self) -> bool:
        """Whether its family is told that the school has withdrawn it; not of what they keep until the office
        decides."""
        return self.problem is not None and self.problem.partition(":")[0] not in STANDS_YET

    @property
    def is_against_calendar(self) -> bool:
        return self.problem == CALENDAR_BUSY


def agenda(session: Session, *where: ColumnElement[bool]) -> list[Entry]:
    """The appointments that meet the conditions, holds and cancelled ones included unless excluded, by time.

    Conditions may name Appointment, Slot, Resource, Event, EventSettings, Contact, Student and Class.
    """
    rows = session.execute(_QUERY.where(*where)).mappings()
    return [_entry(dict(row)) for row in rows]


def newest_first(session: Session, *where: ColumnElement[bool], start: int, most: int) -> list[Entry]:
    """As `agenda`, the latest before the others, and a part of them."""
    latest = _QUERY.where(*where).order_by(None).order_by(col(Slot.starts_at).desc(), col(Appointment.id).desc())
    return [_entry(dict(row)) for row in session.execute(latest.offset(start).limit(most)).mappings()]


def prepared_agenda(*where: ColumnElement[bool]) -> Any:
    """A query to be `Prepared`: making it takes longer than asking it. Conditions as for `agenda`, with places to fill
    in (bindparam)."""
    return _QUERY.where(*where)


def entries_of(rows: Iterable[Any]) -> list[Entry]:
    """Of the named rows that a `prepared_agenda` found."""
    return [_entry(row._asdict()) for row in rows]


def standing() -> ColumnElement[bool]:
    """Booked and neither cancelled nor merely held."""
    return and_(col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))


def is_for_family() -> ColumnElement[bool]:
    """Not what the office made against a rule and has not confirmed: no family sees it, no mail tells of it
    (PRODUCT 3.7)."""
    return or_(col(Appointment.problem).is_(None), col(Appointment.problem).not_like(f"{BROKEN_RULE}%"))


def is_sure() -> ColumnElement[bool]:
    """As not `Entry.is_withdrawn`, nor against a rule: what only the office has to decide on stands until it does."""
    problem = col(Appointment.problem)
    return or_(problem.is_(None), *(problem.like(f"{reason}%") for reason in STANDS_YET))


def with_teacher(contact_id: int) -> ColumnElement[bool]:
    """Appointments of every resource that the teacher belongs to, teams included (R64)."""
    mine = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id) == contact_id)
    return col(Appointment.resource_id).in_(mine)


def _query() -> Any:
    shown = aliased(Meeting)
    columns = [
        *_named(Appointment, "id token act event_id resource_id slot_id contact_id student_id is_virtual problem"),
        *_named(
            Appointment,
            "booked_at held_until cancelled_at confirmed_at child_name service told place_told",
        ),
        *_named(Appointment, "calendar_sequence calendar_said"),
        *_named(Slot, "starts_at ends_at"),
        col(Event.name).label("event_name"),
        col(Event.zone).label("zone"),
        col(EventSettings.provider).label("provider"),
        *_named(Resource, "room virtual_room"),
        col(Resource.name).label("teacher"),
        col(Resource.token).label("resource_token"),
        *_named(Contact, "first last email"),
        col(Student.first).label("child_first"),
        col(Student.last).label("child_last"),
        col(Class.name).label("class_name"),
        col(shown.join_url).label("join_url"),
        col(shown.passcode).label("passcode"),
    ]
    return (
        select(*columns)
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Event, col(Event.id) == col(Appointment.event_id))
        .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .join(Contact, col(Contact.id) == col(Appointment.contact_id))
        .outerjoin(Student, col(Student.id) == col(Appointment.student_id))
        .outerjoin(Class, col(Class.id) == col(Appointment.class_id))
        .outerjoin(shown, col(shown.id) == _shown_meeting())
        .order_by(col(Slot.starts_at), col(Resource.position), col(Appointment.id))
    )


def _shown_meeting() -> ScalarSelect[Any]:
    """The meeting whose link people see: the current one, or the one it replaces until its own link is stored."""
    of_appointment = and_(
        col(Meeting.appointment_id) == col(Appointment.id),
        col(Meeting.provider) == col(EventSettings.provider),
        col(Meeting.join_url).is_not(None),
        col(Meeting.wish) == PRESENT,
    )
    newest_first = (col(Meeting.replaced_at).is_not(None), col(Meeting.id).desc())
    linked = select(col(Meeting.id)).where(of_appointment).order_by(*newest_first).limit(1)
    return linked.correlate(Appointment, EventSettings).scalar_subquery()


def _named(table: type, names: str) -> Sequence[Any]:
    return [col(getattr(table, name)) for name in names.split()]


def _entry(row: dict[str, Any]) -> Entry:
    first, last = row.pop("child_first"), row.pop("child_last")
    typed = row.pop("child_name")
    provider = row.pop("provider")
    typed_room, typed_link = row.pop("room"), row.pop("virtual_room")
    room = room_of(
        is_virtual=row["is_virtual"],
        provider=provider,
        room=typed_room,
        virtual_room=typed_link,
        join_url=row.pop("join_url"),
        passcode=row.pop("passcode") or "",
    )
    return Entry(
        parent=written_name(row.pop("first"), row.pop("last")),
        child=f"{first or ''} {last or ''}".strip() or typed,
        class_name=row.pop("class_name") or "",
        has_provider=bool(provider),
        room=room,
        place=typed_link if row["is_virtual"] else typed_room,
        **row,
    )


_QUERY = _query()
