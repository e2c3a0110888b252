"""Read what preflight decides upon: a fixed number of queries, however many slots, and no call to the outside."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.i18n import local_day
from webapp.models import Connection, Contact, Event, EventSettings, Host, Resource, ResourceMember, Slot
from webapp.models.event.event_settings import ZOOM
from webapp.models.event.slot import IN_PERSON, UNAVAILABLE
from webapp.services.event.drifted import is_drifted
from webapp.services.meeting.connection import connection_of
from webapp.services.message.texts import hiding, texts_of
from webapp.services.preflight.finding import Subject
from webapp.services.system.installation import Hold, hold_of
from webapp.services.system.overdue import Overdue, overdue
from webapp.services.system.tokens import open_tokens

MissingScopes = Callable[[str], list[str]]
"""Which of the scopes that a provider's client needs are not among those granted (`Grants.missing_scopes`)."""


@dataclass(frozen=True)
class Lead:
    """The first contact of a resource, who hosts its meetings; `state` is None where the provider was not asked."""

    contact_id: int
    name: str
    state: str | None
    is_basic: bool
    rule: str
    checked_at: datetime | None


@dataclass(frozen=True)
class Coming:
    """A resource's slots that are not over and can be booked. `seats` and `longest` (minutes) are of virtual ones."""

    slots: int = 0
    virtual: int = 0
    seats: int = 0
    longest: int = 0


@dataclass(frozen=True)
class Offer:
    """A resource of the event with what it offers."""

    id: int
    name: str
    virtual_room: str
    lead: Lead | None
    is_shared: bool
    coming: Coming

    @property
    def subject(self) -> Subject:
        is_team = self.lead is not None and self.lead.name != self.name
        name = f"{self.name} ({self.lead.name})" if self.lead and is_team else self.name
        return Subject(f"resource {self.id}", name, self.id)


@dataclass(frozen=True)
class Facts:
    """`is_readable` says that this installation's keys open the connection's tokens; `missing` are scopes that were not
    granted; `days` those of the coming slots on the event's own calendar, `drifted` those on which some begin at
    another time than was typed; `is_over`: all slots have ended."""

    now: datetime
    zone: str
    provider: str | None
    connection: Connection | None
    is_readable: bool
    missing: tuple[str, ...]
    offers: tuple[Offer, ...]
    days: tuple[date, ...]
    drifted: tuple[date, ...]
    has_slots: bool
    is_over: bool
    hold: Hold | None
    overdue: tuple[Overdue, ...]
    mails_that_hide_links: tuple[str, ...]

    @property
    def virtual(self) -> list[Offer]:
        return [offer for offer in self.offers if offer.coming.virtual]

    @property
    def as_of(self) -> datetime | None:
        """When the provider's users were read last."""
        return self.connection.mapped_at if self.connection else None

    @property
    def hosts_as_of(self) -> datetime | None:
        """The age of the oldest fact about anybody who would hold these meetings."""
        times = [offer.lead.checked_at for offer in self.virtual if offer.lead and offer.lead.checked_at]
        return min(times, default=None)


def read_facts(
    session: Session, event: Event, settings: EventSettings, *, missing_scopes: MissingScopes, now: datetime
) -> Facts:
    assert event.id is not None
    connection = connection_of(session, event.school_id, ZOOM)
    slots = _slots(session, event.id)
    coming = [slot for slot in slots if slot.ends_at > now and slot.visibility != UNAVAILABLE]
    return Facts(
        now=now,
        zone=event.zone,
        provider=settings.provider,
        connection=connection,
        is_readable=_opens(session, connection),
        missing=tuple(missing_scopes(connection.scopes)) if connection and connection.is_live else (),
        offers=_offers(session, event.id, _by_resource(coming)),
        days=_days({slot.starts_at for slot in coming}, event.zone),
        drifted=_days(_drifted(coming, event.zone), event.zone),
        has_slots=bool(slots),
        is_over=bool(slots) and all(slot.ends_at <= now for slot in slots),
        hold=hold_of(session),
        overdue=tuple(overdue(session, now=now)),
        mails_that_hide_links=tuple(hiding(texts_of(session, event.id))),
    )


def _opens(session: Session, connection: Connection | None) -> bool:
    """Whether tokens that are stored can be read; another check tells of a connection that has none."""
    if connection is None or not connection.is_live or not connection.refresh_token:
        return True
    try:
        open_tokens(session, connection)
    except ProviderError:
        return False
    return True


def _days(starts: Iterable[datetime], zone: str) -> tuple[date, ...]:
    return tuple(sorted({local_day(start, zone) for start in starts}))


def _drifted(coming: Iterable[Any], zone: str) -> set[datetime]:
    times = {(slot.starts_at, slot.wall_start) for slot in coming}
    return {start for start, wall in times if is_drifted(start, wall, zone)}


def _slots(session: Session, event_id: int) -> list[Any]:
    names = ("resource_id", "starts_at", "ends_at", "kind", "capacity", "visibility", "wall_start")
    query = select(*(col(getattr(Slot, name)) for name in names))
    return list(session.execute(query.where(col(Slot.event_id) == event_id, col(Slot.removed_at).is_(None))))


def _by_resource(slots: list[Any]) -> dict[int, Coming]:
    grouped: dict[int, list[Any]] = {}
    for slot in slots:
        grouped.setdefault(slot.resource_id, []).append(slot)
    return {resource_id: _coming(some) for resource_id, some in grouped.items()}


def _coming(slots: list[Any]) -> Coming:
    virtual = [slot for slot in slots if slot.kind != IN_PERSON]
    longest = max((slot.ends_at - slot.starts_at for slot in virtual), default=None)
    return Coming(
        slots=len(slots),
        virtual=len(virtual),
        seats=sum(slot.capacity for slot in virtual),
        longest=int(longest.total_seconds() // 60) if longest else 0,
    )


def _offers(session: Session, event_id: int, coming: dict[int, Coming]) -> tuple[Offer, ...]:
    is_host = and_(col(Host.contact_id) == col(Contact.id), col(Host.provider) == ZOOM)
    query = (
        select(Resource, Contact, Host)
        .outerjoin(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .outerjoin(Contact, col(Contact.id) == col(ResourceMember.contact_id))
        .outerjoin(Host, is_host)
        .where(col(Resource.event_id) == event_id)
        .order_by(col(Resource.position), col(Resource.id))
        .order_by(col(ResourceMember.position), col(ResourceMember.contact_id))
    )
    members: dict[int, list[Any]] = {}
    for row in session.execute(query):
        members.setdefault(row[0].id, []).append(row)
    return tuple(_offer(rows, coming.get(number, Coming())) for number, rows in members.items())


def _offer(rows: list[Any], coming: Coming) -> Offer:
    resource, contact, host = rows[0]
    lead = _lead(contact, host) if contact else None
    return Offer(resource.id, resource.name, resource.virtual_room, lead, len(rows) > 1, coming)


def _lead(contact: Contact, host: Host | None) -> Lead:
    assert contact.id is not None
    if host is None:
        return Lead(contact.id, contact.name, None, is_basic=False, rule="", checked_at=None)
    return Lead(contact.id, contact.name, host.state, host.is_basic, host.passcode_rule, host.checked_at)
