"""Wish one entry per standing appointment on the chosen calendar of each of its teachers, and no other."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_
from webapp.models import Appointment, CalendarEntry, CalendarLink, ResourceMember
from webapp.models.base import defaults_of, table_of
from webapp.models.calendar.calendar_entry import DELETED
from webapp.models.system.wished import ABSENT
from webapp.services.calendar.linked import is_set_up
from webapp.services.calendar.order import new_key
from webapp.services.system.errand import no_problem
from webapp.services.system.installation import life_of
from webapp.services.system.wishes import as_blocked, block, make_due, may_try, retire

TOPIC = "calendar"
NEEDS_RECONNECT = "needs_reconnect"
BLOCKED = {NEEDS_RECONNECT: N_("The calendar needs to be linked again.")}
"""Why nothing can be asked of a calendar: known without a call, mended by its owner, then tried again by itself."""

_BLANK = defaults_of(CalendarEntry)
_INSERT = insert(table_of(CalendarEntry))
_LINK = table_of(CalendarLink).c
LINK_COLUMNS = (_LINK.id.label("link_id"), _LINK.calendar_id, _LINK.needs_reconnect_at.label("link_died_at"))
"""What `Place` is made of, for a query that joins the links by `is_place_of`."""


@dataclass(frozen=True)
class Place:
    """The calendar that a teacher chose. Without `is_live` its entries wait until it is linked again."""

    link_id: int
    calendar_id: str
    is_live: bool

    @property
    def blocked(self) -> str | None:
        return None if self.is_live else NEEDS_RECONNECT


@dataclass(frozen=True)
class About:
    """What decides about one appointment's entries."""

    id: int
    school_id: int
    is_standing: bool
    ends_at: datetime


def is_place_of(contact_id: Any) -> ColumnElement[bool]:
    """The links of a contact whose three steps are done, dead ones too."""
    return and_(_LINK.contact_id == contact_id, is_set_up())


def place_of(row: Any) -> Place:
    """Of a row with LINK_COLUMNS."""
    return Place(row.link_id, row.calendar_id, row.link_died_at is None)


def wish_entries(session: Session, abouts: Collection[About], *, now: datetime, retry: bool = False) -> None:
    """The appointments are locked."""
    ids = [about.id for about in abouts]
    places = _places(session, ids)
    entries: dict[int, list[CalendarEntry]] = {}
    for entry in _entries(session, ids):
        entries.setdefault(entry.appointment_id, []).append(entry)
    for about in abouts:
        wanted = {place.link_id: place for place in places.get(about.id, []) if about.is_standing}
        _wish(session, about, wanted, entries.get(about.id, []), now=now, retry=retry)
    session.flush()


def wish_first_entries(
    session: Session, abouts: Mapping[About, Sequence[Place]], *, life: str | None, now: datetime
) -> None:
    """For appointments made in this transaction: none can have an entry yet. `life` is as of `life_of`, if known."""
    wanting = [(about, place) for about, places in abouts.items() for place in places if about.ends_at > now]
    if not wanting:
        return
    life = life or life_of(session)
    session.connection().execute(_INSERT, [_first(about, place, 0, life, now=now) for about, place in wanting])
    wake(session, TOPIC)


def _places(session: Session, ids: Sequence[int]) -> dict[int, list[Place]]:
    query = (
        select(col(Appointment.id).label("appointment_id"), *LINK_COLUMNS)
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Appointment.resource_id))
        .join(CalendarLink, is_place_of(col(ResourceMember.contact_id)))
        .where(col(Appointment.id).in_(ids))
    )
    found: dict[int, list[Place]] = {}
    for row in session.execute(query):
        found.setdefault(row.appointment_id, []).append(place_of(row))
    return found


def _entries(session: Session, ids: Sequence[int]) -> Iterable[CalendarEntry]:
    """Locked, and as they stand once they are: a job may be stamping or storing one of them at this moment. Of a link
    that was disconnected they are left as they are, until it is linked again."""
    query = (
        select(CalendarEntry)
        .join(CalendarLink, col(CalendarLink.id) == col(CalendarEntry.link_id))
        .where(col(CalendarEntry.appointment_id).in_(ids), col(CalendarEntry.gone_at).is_(None))
        .where(col(CalendarLink.disconnected_at).is_(None))
        .order_by(col(CalendarEntry.id))
    )
    locked = query.with_for_update(of=CalendarEntry).execution_options(populate_existing=True)
    return session.execute(locked).scalars()


def _wish(
    session: Session,
    about: About,
    wanted: Mapping[int, Place],
    entries: Sequence[CalendarEntry],
    *,
    now: datetime,
    retry: bool,
) -> None:
    for entry in entries:
        if entry.wish == ABSENT:
            if may_try(entry, blocked=BLOCKED, reason=None, retry=retry):
                make_due(session, entry, TOPIC, now=now)
        elif entry.link_id not in wanted:
            retire(session, entry, TOPIC, now=now)
    standing = [entry for entry in entries if entry.wish != ABSENT and entry.link_id in wanted]
    current = {entry.link_id: entry for entry in standing if entry.replaced_at is None}
    for link_id, place in wanted.items():
        replaced = [entry for entry in standing if entry.link_id == link_id and entry.replaced_at is not None]
        _wish_at(session, about, place, current.get(link_id), replaced, now=now, retry=retry)


def _wish_at(
    session: Session,
    about: About,
    place: Place,
    entry: CalendarEntry | None,
    replaced: Sequence[CalendarEntry],
    *,
    now: datetime,
    retry: bool,
) -> None:
    """On another calendar the entry is made first; the old one goes when the new one is there. What its owner deleted
    stays away, until the appointment has another time: that is news."""
    if entry is None:
        entry = _wanted(session, about, place, now=now) if about.ends_at > now else None
    elif _has_new_time(entry, about, now=now) if entry.theirs == DELETED else entry.calendar_id != place.calendar_id:
        entry = replace_entry(session, entry, about, place, now=now)
    if entry is None:
        return
    _bring_up_to_date(session, entry, about, place, now=now, retry=retry)
    if entry.remote_id:
        for former in replaced:
            retire(session, former, TOPIC, now=now)


def _has_new_time(entry: CalendarEntry, about: About, *, now: datetime) -> bool:
    return entry.ends_at not in {None, about.ends_at} and about.ends_at > now


def replace_entry(
    session: Session, entry: CalendarEntry, about: About, place: Place, *, now: datetime
) -> CalendarEntry:
    """By one of the next generation, at the place."""
    entry.replaced_at = now
    entry.due_at, entry.claim = None, None
    session.flush()
    if not entry.remote_id or entry.theirs == DELETED:
        retire(session, entry, TOPIC, now=now)
    return _wanted(session, about, place, now=now)


def _wanted(session: Session, about: About, place: Place, *, now: datetime) -> CalendarEntry:
    entry = CalendarEntry(**_first(about, place, _generation(session, about, place), life_of(session), now=now))
    session.add(entry)
    wake(session, TOPIC)
    return entry


def _generation(session: Session, about: About, place: Place) -> int:
    last = select(func.max(col(CalendarEntry.generation))).where(
        col(CalendarEntry.appointment_id) == about.id, col(CalendarEntry.link_id) == place.link_id
    )
    known: int | None = session.execute(last).scalar_one()
    return 0 if known is None else known + 1


def _first(about: About, place: Place, generation: int, life: str, *, now: datetime) -> dict[str, Any]:
    """The columns of an entry that is wished for the first time: due at once, or blocked."""
    wish = {
        "school_id": about.school_id,
        "appointment_id": about.id,
        "link_id": place.link_id,
        "calendar_id": place.calendar_id,
        "generation": generation,
        "key": new_key(life),
        "wished_at": now,
    }
    if reason := place.blocked:
        return _BLANK | wish | {"due_at": None, **as_blocked(BLOCKED[reason], reason, now=now)}
    return _BLANK | wish | {"due_at": now, **no_problem()}


def _bring_up_to_date(
    session: Session, entry: CalendarEntry, about: About, place: Place, *, now: datetime, retry: bool
) -> None:
    """Whether it differs from what was told is seen when it is its turn. What its owner deleted stays away."""
    if entry.theirs == DELETED or about.ends_at <= now:
        return
    if reason := place.blocked:
        if not entry.is_under_way or entry.due_at is not None:
            block(entry, BLOCKED[reason], reason, now=now)
        return
    if may_try(entry, blocked=BLOCKED, reason=None, retry=retry):
        make_due(session, entry, TOPIC, now=now)
