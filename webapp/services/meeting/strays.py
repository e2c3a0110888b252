"""Remove meetings and entries that are astray at a provider, within a brake; beyond it the office is asked (D6)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import CalendarEntry, CalendarLink, Contact, Host, Meeting, Stray, Sweep
from webapp.models.calendar.calendar_link import GOOGLE, MICROSOFT
from webapp.models.system.granted import SERVICES
from webapp.services.calendar.order import key_prefix
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.installation import life_of

MOST_UNASKED, ONE_IN = 5, 20
"""No more than five within a day, nor more than one meeting in twenty (but one always), go unasked."""

_A_DAY = timedelta(days=1)
_CALENDARS = (GOOGLE, MICROSOFT)
Kind = type[Meeting] | type[CalendarEntry]
_KINDS: tuple[Kind, ...] = (Meeting, CalendarEntry)


class Place(Protocol):
    """Whose list was looked at."""

    @property
    def school_id(self) -> int: ...
    @property
    def provider(self) -> str: ...
    @property
    def host_key(self) -> str: ...
    @property
    def quarantine(self) -> timedelta: ...


@dataclass(frozen=True)
class AskedAbout:
    """A stray that waits for the office's word. `service` is where it is: "Zoom", or that of a teacher's calendar."""

    id: int
    teacher: str
    remote_id: str
    starts_at: datetime | None
    service: str


class Found(Protocol):
    """What a list shows of ours."""

    @property
    def remote_id(self) -> str: ...
    @property
    def marker(self) -> str: ...
    @property
    def starts_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Astray:
    """A calendar entry that no row wants."""

    remote_id: str
    marker: str
    starts_at: datetime | None


def note_strays(session: Session, place: Place, found: Collection[Found], *, now: datetime) -> None:
    """What is new gets its first sighting; what is not seen any more is forgotten."""
    known = {row.remote_id: row for row in session.execute(select(Stray).where(_of(place), _stands())).scalars()}
    for one in found:
        if one.remote_id not in known:
            _add(session, place, one, now=now)
    seen = {one.remote_id for one in found}
    for row in known.values():
        if row.remote_id not in seen:
            session.delete(row)
    session.flush()


def removable(session: Session, place: Place, *, now: datetime) -> list[Stray]:
    """Sighted twice, at least a quarantine apart, and within the brake or allowed by the office."""
    query = select(Stray).where(_of(place), _stands(), col(Stray.kept_at).is_(None))
    waiting = list(session.execute(query.where(col(Stray.seen_at) <= now - place.quarantine)).scalars())
    if not waiting:
        return []
    may_go_unasked = _is_within_brake(session, place, now=now)
    life = _beginnings(life_of(session))
    return [row for row in waiting if row.allowed_at or (may_go_unasked and row.marker.startswith(life))]


def store_removed(session: Session, stray_id: int, *, now: datetime) -> None:
    session.execute(update(Stray).where(col(Stray.id) == stray_id).values(removed_at=now))


def asked_about(session: Session, school_id: int, *, now: datetime) -> list[AskedAbout]:
    """What no sweep removes by itself: beyond the brake, or of an earlier life of the data."""
    query = (
        select(Stray, Contact)
        .outerjoin(Host, and_(col(Host.school_id) == school_id, col(Host.remote_id) == col(Stray.host_key)))
        .outerjoin(Contact, col(Contact.id) == col(Host.contact_id))
        .where(col(Stray.school_id) == school_id, _stands(), _is_undecided())
        .order_by(col(Stray.starts_at), col(Stray.id))
    )
    rows = session.execute(query).all()
    if not rows:
        return []
    life = _beginnings(life_of(session))
    owners = _owners(session, [stray for stray, _ in rows])
    too_many = {kind for kind in _KINDS if _is_too_many(session, school_id, kind, [one for one, _ in rows], now=now)}
    found = {
        stray.id: AskedAbout(
            stray.id,
            contact.name if contact else owners.get(stray.id, ""),
            stray.remote_id,
            stray.starts_at,
            SERVICES[stray.provider],
        )
        for stray, contact in rows
        if _kind_of(stray.provider) in too_many or not stray.marker.startswith(life)
    }
    return list(found.values())


def decide(session: Session, school_id: int, strays: Collection[int], *, remove: bool, who: Who, now: datetime) -> None:
    """The office's word on those that it was shown; the next sweep acts on it, at once."""
    column = "allowed_at" if remove else "kept_at"
    mine = (col(Stray.school_id) == school_id, col(Stray.id).in_(sorted(strays)), _stands(), _is_undecided())
    session.execute(update(Stray).where(*mine).values({column: now}))
    action = "strays.remove" if remove else "strays.keep"
    audit.record(session, action, who=who, school_id=school_id, now=now, meetings=len(strays))
    if remove:
        session.execute(
            update(Sweep).where(col(Sweep.school_id) == school_id, col(Sweep.claim).is_(None)).values(due_at=now)
        )
        wake(session, "sweep")


def _add(session: Session, place: Place, one: Found, *, now: datetime) -> None:
    """One that was removed and is still there after the quarantine is seen anew; before, the list lags behind."""
    query = select(Stray).where(_of(place), col(Stray.remote_id) == one.remote_id)
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        row = Stray(
            school_id=place.school_id,
            provider=place.provider,
            host_key=place.host_key,
            remote_id=one.remote_id,
            marker=one.marker,
            seen_at=now,
        )
        session.add(row)
    elif row.removed_at and row.removed_at > now - place.quarantine:
        return
    row.starts_at, row.removed_at, row.seen_at = one.starts_at, None, now


def _is_within_brake(session: Session, place: Place, *, now: datetime) -> bool:
    """All hosts, or all calendars, of the school together: else each of sixty would let five go."""
    kind = _kind_of(place.provider)
    ripe = (col(Stray.seen_at) <= now - place.quarantine, _is_undecided(), _stands())
    waiting = _count(session, col(Stray.school_id) == place.school_id, _is_of(kind), *ripe)
    gone = _removed_today(session, place.school_id, kind, now=now)
    return waiting + gone <= _brake(session, place.school_id, kind)


def _is_too_many(session: Session, school_id: int, kind: Kind, strays: Collection[Stray], *, now: datetime) -> bool:
    number = sum(_kind_of(one.provider) is kind for one in strays)
    return number > _brake(session, school_id, kind) - _removed_today(session, school_id, kind, now=now)


def _brake(session: Session, school_id: int, kind: Kind) -> int:
    live = select(func.count()).where(
        col(kind.school_id) == school_id, col(kind.remote_id).is_not(None), col(kind.gone_at).is_(None)
    )
    n: int = session.execute(live).scalar_one()
    return min(MOST_UNASKED, max(1, n // ONE_IN))


def _removed_today(session: Session, school_id: int, kind: Kind, *, now: datetime) -> int:
    unasked = (col(Stray.allowed_at).is_(None), col(Stray.removed_at) > now - _A_DAY)
    return _count(session, col(Stray.school_id) == school_id, _is_of(kind), *unasked)


def _kind_of(provider: str) -> Kind:
    return CalendarEntry if provider in _CALENDARS else Meeting


def _is_of(kind: Kind) -> ColumnElement[bool]:
    is_calendar = col(Stray.provider).in_(_CALENDARS)
    return is_calendar if kind is CalendarEntry else ~is_calendar


def _beginnings(life: str) -> tuple[str, str]:
    """Of the markers of meetings, and of the keys of entries, that were made in this life of the data."""
    return f"{life}-", key_prefix(life)


def _owners(session: Session, strays: Collection[Stray]) -> dict[int | None, str]:
    """Of calendars: the name of a place there begins with the number of its link."""
    links = {one.id: int(one.host_key.partition(" ")[0]) for one in strays if one.provider in _CALENDARS}
    query = select(col(CalendarLink.id), Contact).join(Contact, col(Contact.id) == col(CalendarLink.contact_id))
    names = {
        number: contact.name
        for number, contact in session.execute(query.where(col(CalendarLink.id).in_(links.values())))
    }
    return {stray: names.get(number, "") for stray, number in links.items()}


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    n: int = session.execute(select(func.count()).select_from(Stray).where(*where)).scalar_one()
    return n


def _of(place: Place) -> ColumnElement[bool]:
    mine: Any = (col(getattr(Stray, name)) == getattr(place, name) for name in ("school_id", "provider", "host_key"))
    return and_(*mine)


def _stands() -> ColumnElement[bool]:
    return col(Stray.removed_at).is_(None)


def _is_undecided() -> ColumnElement[bool]:
    return and_(col(Stray.allowed_at).is_(None), col(Stray.kept_at).is_(None))
