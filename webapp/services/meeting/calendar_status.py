"""Show of each teacher with a resource and virtual slots whether their calendar is set up (R31, R33–R35, R37)."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from webapp.errors import N_
from webapp.models import (
    Appointment,
    CalendarEntry,
    CalendarLink,
    Contact,
    Level,
    Resource,
    ResourceMember,
    SignInLink,
    Slot,
)
from webapp.models.event.slot import IN_PERSON
from webapp.models.people.contact import written_name
from webapp.models.people.sign_in_link import CALENDAR_SYNC
from webapp.models.system.granted import SERVICES
from webapp.services.calendar.linked import has_export
from webapp.services.people.name_order import by_name

PER_PAGE = 25
ALL, NOT_EXPORTED = "", "open"
"""What of the teachers is shown."""

_SIGN_IN, _SIGN_IN_AGAIN = N_("Open: sign in on Calendar Sync"), N_("Open: sign in again on Calendar Sync")
_CHOOSE, _SAVE = N_("Open: choose a default calendar"), N_("Open: click Save and Sync")


@dataclass(frozen=True)
class LinkState:
    """One calendar account of a teacher, as far as the row tells of it."""

    provider: str
    calendar_name: str
    is_linked: bool
    is_dead: bool
    is_set_up: bool
    is_export: bool
    is_import: bool
    called_at: datetime | None
    synced_at: datetime | None
    problem: str | None
    has_failing_entries: bool

    @property
    def name(self) -> str:
        """Account and default calendar; the account alone where none is chosen."""
        service = SERVICES[self.provider]
        return f"{service}, {self.calendar_name}" if self.calendar_name else service

    @property
    def open_step(self) -> str:
        """A message id: which of the three steps is open (R34); empty where none is."""
        if self.is_export:
            return ""
        if not self.is_linked:
            return _SIGN_IN_AGAIN if self.is_dead else _SIGN_IN
        return _SAVE if self.calendar_name else _CHOOSE


@dataclass(frozen=True)
class SetupRow:
    """One teacher with the calendars that they linked, the one that is furthest first. `invited_at` is when the last
    invitation to link one was mailed."""

    contact_id: int
    name: str
    group_name: str
    may_be_acted_as: bool
    can_be_invited: bool
    invited_at: datetime | None
    links: tuple[LinkState, ...]

    @property
    def is_export(self) -> bool:
        return any(link.is_export for link in self.links)

    @property
    def is_import(self) -> bool:
        return any(link.is_import for link in self.links)

    @property
    def calendars(self) -> list[str]:
        """Those that are linked."""
        return [link.name for link in self.links if link.is_linked]

    @property
    def open_step(self) -> str:
        return self.links[0].open_step if self.links else _SIGN_IN

    @property
    def synced_at(self) -> datetime | None:
        """The last call that succeeded; where slots are blocked, the last reading of busy times."""
        known = [link.synced_at if link.is_import else link.called_at for link in self.links]
        return max((at for at in known if at), default=None)

    @property
    def has_failing_entries(self) -> bool:
        """Appointments to come are not on the calendar as they shall be; of a link that died the open step tells."""
        return any(link.is_export and link.has_failing_entries for link in self.links)

    @property
    def has_old_times(self) -> bool:
        """Busy times could not be read anew: those of the last reading block slots."""
        return any(link.is_import and (link.problem or link.is_dead) for link in self.links)


@dataclass(frozen=True)
class SetupStatus:
    """One page of the teachers; `total` is the number of all that were asked for, `unexported` of those among all of
    the name asked for whose Export Setup is blank."""

    rows: tuple[SetupRow, ...]
    total: int
    unexported: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))

    @property
    def version(self) -> str:
        """Another one when anything that the section shows is another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    @property
    def first(self) -> int:
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def setup_status(
    session: Session, events: Collection[int], *, name: str = "", show: str = ALL, page: int = 1, now: datetime
) -> SetupStatus:
    """Three queries, whatever the number of teachers. A page beyond the last is the last."""
    listed = teachers_with_virtual_slots(events, name=name)
    every = listed.subquery()
    counts = select(func.count(), func.count().filter(~every.c.is_export)).select_from(every)
    every_n, unexported = session.execute(counts).one()
    if show == NOT_EXPORTED:
        listed = listed.where(~has_export(col(Contact.id)))
    total = unexported if show == NOT_EXPORTED else every_n
    shown = min(max(1, page), max(1, -(-total // PER_PAGE)))
    rows = session.execute(listed.limit(PER_PAGE).offset((shown - 1) * PER_PAGE)).all()
    links = _links_of(session, [row.id for row in rows], now=now)
    return SetupStatus(tuple(_row(row, links.get(row.id, [])) for row in rows), total, unexported, shown)


def teachers_with_virtual_slots(events: Collection[int], *, name: str = "") -> Any:
    """By name, with `is_export` and when they were last invited to link a calendar."""
    has_virtual = exists().where(
        col(Slot.resource_id) == col(Resource.id), col(Slot.kind) != IN_PERSON, col(Slot.removed_at).is_(None)
    )
    query = (
        select(*(col(getattr(Contact, column)) for column in ("id", "first", "last", "email", "level")))
        .add_columns(
            func.max(col(Resource.group_name)).label("group_name"),
            has_export(col(Contact.id)).label("is_export"),
            _invited_at().label("invited_at"),
        )
        .join(ResourceMember, col(ResourceMember.contact_id) == col(Contact.id))
        .join(Resource, col(Resource.id) == col(ResourceMember.resource_id))
        .where(col(Resource.event_id).in_(events), has_virtual)
        .group_by(col(Contact.id))
        .order_by(*by_name(Contact))
    )
    words = name.strip()[:100]
    if not words:
        return query
    return query.where((col(Contact.first) + " " + col(Contact.last)).icontains(words, autoescape=True))


def can_be_invited(row: Any) -> bool:
    """Whether one of `teachers_with_virtual_slots` could be mailed a link with which to set a calendar up."""
    return bool(row.email) and row.level >= Level.VIEWER and not row.is_export


def _invited_at() -> Any:
    mine = (col(SignInLink.contact_id) == col(Contact.id), col(SignInLink.leads_to) == CALENDAR_SYNC)
    return select(func.max(col(SignInLink.created_at))).where(*mine).correlate(Contact).scalar_subquery()


def _links_of(session: Session, contacts: Sequence[int], *, now: datetime) -> dict[int, list[LinkState]]:
    """Of each the one on which the fewest steps are open first: of one that was set up and died it is one."""
    query = select(CalendarLink, _has_failing_entries(now)).where(
        col(CalendarLink.contact_id).in_(contacts), col(CalendarLink.disconnected_at).is_(None)
    )
    found: dict[int, list[LinkState]] = {}
    for link, is_failing in session.execute(query.order_by(col(CalendarLink.id))):
        found.setdefault(link.contact_id, []).append(_state(link, has_failing_entries=is_failing))
    for links in found.values():
        links.sort(key=_nearest, reverse=True)
    return found


def _has_failing_entries(now: datetime) -> ColumnElement[bool]:
    return (
        exists()
        .where(col(CalendarEntry.link_id) == col(CalendarLink.id), col(CalendarEntry.problem).is_not(None))
        .where(col(CalendarEntry.gone_at).is_(None), col(Appointment.id) == col(CalendarEntry.appointment_id))
        .where(col(Slot.id) == col(Appointment.slot_id), col(Slot.ends_at) > now)
    )


def _nearest(link: LinkState) -> tuple[bool, ...]:
    return link.is_export, link.is_set_up, link.is_linked, bool(link.calendar_name)


def _state(link: CalendarLink, *, has_failing_entries: bool) -> LinkState:
    return LinkState(
        provider=link.provider,
        calendar_name=link.calendar_name or link.calendar_id,
        is_linked=link.is_live,
        is_dead=link.needs_reconnect_at is not None,
        is_set_up=link.is_set_up,
        is_export=link.is_export,
        is_import=link.is_import and link.saved_at is not None,
        called_at=link.called_at,
        synced_at=link.synced_at,
        problem=link.problem,
        has_failing_entries=has_failing_entries,
    )


def _row(row: Any, links: Sequence[LinkState]) -> SetupRow:
    return SetupRow(
        contact_id=row.id,
        name=written_name(row.first, row.last) or row.email or "–",
        group_name=row.group_name,
        may_be_acted_as=Level.VIEWER <= row.level < Level.EVENT_ADMINISTRATOR,
        can_be_invited=can_be_invited(row),
        invited_at=row.invited_at,
        links=tuple(links),
    )
