"""Compare what a host holds at the provider with our rows, and heal after two sightings (RELIABILITY 2.4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import ProviderError
from webapp.models import Appointment, Connection, Meeting, Slot, Sweep, WebhookReceipt
from webapp.models.base import new_token
from webapp.models.system.wished import PRESENT
from webapp.providers.base import SeenMeeting
from webapp.services.meeting.strays import note_strays
from webapp.services.system.errand import Claim, failed, settled, write_if_ours
from webapp.services.system.installation import life_of

NEAR = timedelta(hours=12)
SOON, LATER = timedelta(minutes=2), timedelta(hours=1)
"""The pause where the host's next appointment is near, and where it is not."""

_LOOKED_JUST_NOW = timedelta(minutes=1)
_AT_ONCE = 500
_ASKED = ("id", "remote_id", "join_url", "linked_at", "missed_at")


@dataclass(frozen=True)
class Look:
    """One host to look at; `quarantine` is how long lists and calls may lag behind."""

    claim: Claim
    school_id: int
    connection_id: int
    provider: str
    host_key: str
    quarantine: timedelta


@dataclass(frozen=True)
class Suspect:
    """A meeting that a row says is there, and that two looks have not seen as it shall be."""

    meeting_id: int
    remote_id: str


def is_any_unplanned(session: Session) -> bool:
    """Look before writing: a tick that plans nothing must not take the writer's place."""
    return session.execute(_unplanned().limit(1)).first() is not None


def plan_sweeps(session: Session, *, now: datetime) -> None:
    """A row for each host of a meeting that stands."""
    for school_id, provider, host_key in session.execute(_unplanned()).all():
        session.add(Sweep(school_id=school_id, provider=provider, host_key=host_key, due_at=now + SOON))
    session.flush()


def look_at(session: Session, school_id: int, provider: str, host_key: str, *, now: datetime) -> None:
    """Also at a host of whom no row knows: what was handed over there is ours to take away."""
    mine: dict[str, Any] = {"school_id": school_id, "provider": provider, "host_key": host_key}
    query = select(col(Sweep.id)).where(*(col(getattr(Sweep, name)) == value for name, value in mine.items()))
    if session.execute(query).first() is None:
        session.add(Sweep(**mine, due_at=now))
        session.flush()


def look_now(session: Session, *, school_id: int | None = None, now: datetime) -> None:
    """After a restart, or because somebody asked; not again what was looked at within the minute."""
    is_later = or_(col(Sweep.due_at).is_(None), col(Sweep.due_at) > now)
    query = update(Sweep).where(is_later, col(Sweep.claim).is_(None))
    query = query.where(or_(col(Sweep.swept_at).is_(None), col(Sweep.swept_at) < now - _LOOKED_JUST_NOW))
    if school_id is not None:
        query = query.where(col(Sweep.school_id) == school_id)
    session.execute(query.values(due_at=now))
    wake(session, "sweep")


def provider_of(session: Session, claim: Claim) -> str:
    return session.get_one(Sweep, claim.id).provider


def begin(session: Session, claim: Claim, *, quarantine: timedelta, now: datetime) -> Look | None:
    """None where the school is not connected: its next look is in an hour."""
    sweep = session.get_one(Sweep, claim.id)
    query = select(Connection).where(
        col(Connection.school_id) == sweep.school_id, col(Connection.provider) == sweep.provider
    )
    connection = session.execute(query).scalar_one_or_none()
    if connection is None or connection.id is None or not connection.is_live:
        write_if_ours(session, Sweep, claim, **settled() | {"due_at": now + LATER})
        return None
    return Look(claim, sweep.school_id, connection.id, sweep.provider, sweep.host_key, quarantine)


def compare(session: Session, look: Look, seen: Collection[SeenMeeting], *, now: datetime) -> list[Suspect]:
    """Note what is not as it shall be and what is astray. What is seen so for the first time is asked for by itself in
    a moment, as if a webhook had named it; what was so before and is so again is returned, to be asked for at once.
    What was made, told or removed within the quarantine is left alone: lists lag behind."""
    listed = {one.remote_id: one for one in seen}
    rows = session.execute(_standing(look).where(col(Slot.starts_at) > now)).all()
    sound = {row.id for row in rows if _is_as_told(row, listed.get(row.remote_id))}
    unseen = [row for row in rows if row.id not in sound and row.linked_at <= now - look.quarantine]
    first_seen = [row for row in unseen if row.missed_at is None]
    _note(session, [row.id for row in first_seen], now)
    _ask_for(session, look, [row.remote_id for row in first_seen], now=now)
    _note(session, [row.id for row in rows if row.missed_at is not None and row.id in sound], None)
    note_strays(session, look, _strays(session, look, seen, now=now), now=now)
    missed_before = [row for row in unseen if row.missed_at and row.missed_at <= now - look.quarantine]
    return [Suspect(row.id, row.remote_id) for row in missed_before]


def end(session: Session, look: Look, *, now: datetime) -> None:
    soon = _standing(look).where(col(Slot.ends_at) > now, col(Slot.starts_at) < now + NEAR).limit(1)
    pause = SOON if session.execute(soon).first() else LATER
    write_if_ours(session, Sweep, look.claim, **settled() | {"due_at": now + pause, "swept_at": now})


def put_off(session: Session, claim: Claim, error: ProviderError, *, now: datetime) -> None:
    """The provider did not answer: nothing is concluded from that."""
    due_at = max(error.after or now, now + SOON) if error.retry else now + LATER
    write_if_ours(session, Sweep, claim, **failed(error, attempts=1, now=now) | {"due_at": due_at})


def _unplanned() -> Any:
    known = exists().where(
        col(Sweep.school_id) == col(Meeting.school_id),
        col(Sweep.provider) == col(Meeting.provider),
        col(Sweep.host_key) == col(Meeting.host_key),
    )
    columns = (col(Meeting.school_id), col(Meeting.provider), col(Meeting.host_key))
    stands = (col(Meeting.remote_id).is_not(None), col(Meeting.gone_at).is_(None))
    return select(*columns).where(*stands, ~known).distinct()


def _standing(look: Look) -> Any:
    """The host's meetings that are there by our rows and not worked on."""
    return (
        select(*(col(getattr(Meeting, name)) for name in _ASKED), col(Slot.starts_at))
        .join(Appointment, col(Appointment.id) == col(Meeting.appointment_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(
            *(col(getattr(Meeting, name)) == getattr(look, name) for name in ("school_id", "provider", "host_key")),
            *(col(getattr(Meeting, name)).is_(None) for name in ("due_at", "claim", "gone_at")),
            col(Meeting.wish) == PRESENT,
            col(Meeting.remote_id).is_not(None),
        )
    )


def _is_as_told(row: Any, seen: SeenMeeting | None) -> bool:
    """A list may leave the link out, or show it without the passcode."""
    if seen is None or seen.starts_at not in {None, row.starts_at}:
        return False
    return "pwd=" not in seen.join_url or seen.join_url == row.join_url


def _note(session: Session, meetings: Collection[int], missed_at: datetime | None) -> None:
    some = col(Meeting.id).in_(sorted(meetings))
    if meetings:
        session.execute(update(Meeting).where(some).values(missed_at=missed_at))


def _ask_for(session: Session, look: Look, remote_ids: Collection[str], *, now: datetime) -> None:
    for remote_id in remote_ids:
        receipt = WebhookReceipt(school_id=look.school_id, provider=look.provider, key=new_token(), received_at=now)
        receipt.remote_id, receipt.due_at = remote_id, now
        session.add(receipt)
    if remote_ids:
        wake(session, "webhook")


def _strays(session: Session, look: Look, seen: Collection[SeenMeeting], *, now: datetime) -> list[SeenMeeting]:
    """Of this installation, whichever life of its data; another's meetings are never touched."""
    instance = life_of(session).partition("-")[0]
    ours = [one for one in seen if one.marker.startswith(f"{instance}-")]
    rows = _by_marker(session, look.provider, sorted({one.marker for one in ours}))
    found = []
    for one in ours:
        row = rows.get(one.marker)
        if row is None or _is_astray(row, one.remote_id, now - look.quarantine):
            found.append(one)
        elif row.remote_id is None and row.attempt_at is None:
            _look_up(session, row.id, look, now=now)
    return found


def _by_marker(session: Session, provider: str, markers: list[str]) -> Mapping[str, Meeting]:
    rows: dict[str, Meeting] = {}
    for start in range(0, len(markers), _AT_ONCE):
        some = col(Meeting.marker).in_(markers[start : start + _AT_ONCE])
        query = select(Meeting).where(col(Meeting.provider) == provider, some)
        rows |= {row.marker: row for row in session.execute(query).scalars()}
    return rows


def _is_astray(row: Meeting, remote_id: str, settled_before: datetime) -> bool:
    """A second meeting for a row that has its own, or one that a row settled as gone. While the row is worked on, its
    errand finds out by itself."""
    if row.gone_at is not None:
        return row.gone_at <= settled_before
    return row.remote_id not in {None, remote_id} and row.due_at is None and row.claim is None


def _look_up(session: Session, meeting_id: int | None, look: Look, *, now: datetime) -> None:
    """A call that had been given up arrived after all: the row adopts it instead of making another."""
    idle: tuple[ColumnElement[bool], ...] = tuple(
        col(getattr(Meeting, name)).is_(None) for name in ("claim", "remote_id", "attempt_at", "gone_at")
    )
    mine = update(Meeting).where(col(Meeting.id) == meeting_id, col(Meeting.wish) == PRESENT, *idle)
    session.execute(mine.values(attempt_at=now - look.quarantine, due_at=now))
    wake(session, "meeting")
