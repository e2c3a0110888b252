"""Compare what a calendar holds of ours with our rows: what its owner did is respected, what is astray is removed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, cast, exists, select, update
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Appointment, CalendarEntry, CalendarLink, Slot, Sweep
from webapp.models.calendar.calendar_entry import MOVED
from webapp.models.system.wished import PRESENT
from webapp.portions import portions
from webapp.providers.base import MadeEntry
from webapp.services.calendar.order import key_prefix
from webapp.services.calendar.wish_entries import TOPIC
from webapp.services.meeting.strays import Astray, note_strays
from webapp.services.system.errand import Claim, growing_pause, settled, write_if_ours
from webapp.services.system.installation import life_of, restored_at

NEAR = timedelta(hours=12)
SOON, LATER = timedelta(minutes=10), timedelta(hours=1)
"""The pause where the next appointment of the calendar is near, and where it is not."""


@dataclass(frozen=True)
class Look:
    """One calendar to look at; `quarantine` is how long lists and calls may lag behind. `host_key` names both."""

    claim: Claim
    school_id: int
    link_id: int
    provider: str
    calendar_id: str
    host_key: str
    quarantine: timedelta


@dataclass(frozen=True)
class Suspect:
    """An entry that is not on the calendar as it was told, and was not so before."""

    entry_id: int
    remote_id: str


def is_any_unplanned(session: Session) -> bool:
    return session.execute(_unplanned().limit(1)).first() is not None


def plan_sweeps(session: Session, *, now: datetime) -> None:
    """A row for each calendar that has an entry of ours."""
    for school_id, provider, host_key in session.execute(_unplanned()).all():
        session.add(Sweep(school_id=school_id, provider=provider, host_key=host_key, due_at=now + SOON))
    session.flush()


def begin(session: Session, claim: Claim, *, quarantine: timedelta, now: datetime) -> Look | None:
    """None where we may not look: the next time is in an hour, or soon where another calendar of the account is being
    looked at, for its mailbox answers few calls at once (claim.py)."""
    sweep = session.get_one(Sweep, claim.id)
    number, _, calendar_id = sweep.host_key.partition(" ")
    link = session.get(CalendarLink, int(number))
    if link is None or not link.is_live or link.school_id != sweep.school_id:
        write_if_ours(session, Sweep, claim, **settled() | {"due_at": now + LATER})
        return None
    if _is_looked_at(session, sweep, number, now=now):
        write_if_ours(session, Sweep, claim, **settled() | {"due_at": growing_pause(1, now=now)})
        return None
    place = (sweep.provider, calendar_id, sweep.host_key)
    return Look(claim, sweep.school_id, link.id or 0, *place, quarantine)


def compare(session: Session, look: Look, seen: Collection[MadeEntry], *, now: datetime) -> list[Suspect]:
    """What is not as it was told gets its first sighting; what was so before, longer ago than lists lag, is returned,
    to be asked for by itself. What we do not know, or have settled as gone, is noted as astray."""
    listed = {one.remote_id: one for one in seen}
    rows = _standing(session, look, now=now)
    odd = {row.id: row for row in rows if not _is_as_told(row, listed.get(row.remote_id or ""))}
    for row in rows:
        if row.id not in odd:
            row.missed_at = None
            _note_seen(session, row, now=now)
        elif row.missed_at is None:
            row.missed_at = now
    session.flush()
    note_strays(session, look, _strays(session, look, seen, now=now), now=now)
    ripe = [row for row in odd.values() if row.missed_at and row.missed_at <= now - look.quarantine]
    return [Suspect(row.id or 0, row.remote_id or "") for row in ripe]


def store_seen(session: Session, suspect: Suspect, found: MadeEntry | None, *, now: datetime) -> bool:
    """`found` is what the entry is by the provider's word, asked for by itself. Returns whether its owner changed it:
    then it stays as they want it."""
    entry = session.get(CalendarEntry, suspect.entry_id, with_for_update=True, populate_existing=True)
    if entry is None or entry.remote_id != suspect.remote_id or not _is_idle(entry):
        return False
    entry.missed_at = None
    if found is None:
        # Its own errand finds out, and settles it, as after any other change.
        entry.ordered, entry.due_at = "", now
        wake(session, TOPIC)
        return True
    is_moved = (found.starts_at, found.ends_at) != (entry.starts_at, entry.ends_at)
    if is_moved != (entry.theirs == MOVED):
        entry.theirs, entry.theirs_at = (MOVED, now) if is_moved else ("", None)
    return is_moved


def end(session: Session, look: Look, *, now: datetime) -> None:
    is_near = any(row.starts_at and row.starts_at < now + NEAR for row in _standing(session, look, now=now))
    write_if_ours(
        session, Sweep, look.claim, **settled() | {"due_at": now + (SOON if is_near else LATER), "swept_at": now}
    )


def _is_looked_at(session: Session, sweep: Sweep, number: str, *, now: datetime) -> bool:
    of_link = (col(Sweep.school_id) == sweep.school_id, col(Sweep.host_key).startswith(f"{number} ", autoescape=True))
    others = select(col(Sweep.id)).where(*of_link, col(Sweep.provider) == sweep.provider, col(Sweep.id) != sweep.id)
    now_there = others.where(col(Sweep.claim).is_not(None), col(Sweep.due_at) > now)
    return session.execute(now_there.limit(1)).first() is not None


def _unplanned() -> Any:
    place = cast(col(CalendarEntry.link_id), String) + " " + col(CalendarEntry.calendar_id)
    known = exists().where(
        col(Sweep.school_id) == col(CalendarEntry.school_id),
        col(Sweep.provider) == col(CalendarLink.provider),
        col(Sweep.host_key) == place,
    )
    query = select(col(CalendarEntry.school_id), col(CalendarLink.provider), place)
    stands = (col(CalendarEntry.remote_id).is_not(None), col(CalendarEntry.gone_at).is_(None))
    linked = query.join(CalendarLink, col(CalendarLink.id) == col(CalendarEntry.link_id))
    return linked.where(*stands, ~known).distinct()


def _standing(session: Session, look: Look, *, now: datetime) -> list[CalendarEntry]:
    """Those to come that are there by our rows and not worked on; what its owner deleted is not looked for."""
    query = (
        select(CalendarEntry)
        .join(Appointment, col(Appointment.id) == col(CalendarEntry.appointment_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(CalendarEntry.link_id) == look.link_id, col(CalendarEntry.calendar_id) == look.calendar_id)
        .where(col(CalendarEntry.gone_at).is_(None), col(CalendarEntry.remote_id).is_not(None))
        .where(col(Slot.starts_at) > now)
        .order_by(col(CalendarEntry.id))
    )
    return [row for row in session.execute(query).scalars() if _is_idle(row)]


def _is_idle(entry: CalendarEntry) -> bool:
    is_at_rest = entry.due_at is None and entry.claim is None and entry.attempt_at is None
    return is_at_rest and entry.wish == PRESENT and entry.theirs in {"", MOVED}


def _is_as_told(row: CalendarEntry, seen: MadeEntry | None) -> bool:
    is_moved = seen is not None and (seen.starts_at, seen.ends_at) != (row.starts_at, row.ends_at)
    return seen is not None and is_moved == (row.theirs == MOVED)


def _note_seen(session: Session, row: CalendarEntry, *, now: datetime) -> None:
    """In this life of the data: from now on, what is missing was deleted by its owner."""
    since = restored_at(session)
    if since and row.put_at and row.put_at < since:
        row.put_at = now


def _strays(session: Session, look: Look, seen: Collection[MadeEntry], *, now: datetime) -> list[Astray]:
    """Of this installation, whichever life of its data; another's entries are never touched."""
    instance = key_prefix(life_of(session).partition("-")[0])
    ours = [one for one in seen if one.key.startswith(instance)]
    rows = _by_key(session, sorted({one.key for one in ours}))
    astray = [one for one in ours if _is_astray(rows.get(one.key), one, now - look.quarantine)]
    for row in (rows[one.key] for one in ours if one.key in rows):
        _look_up(session, row, look, now=now)
    return [Astray(one.remote_id, one.key, one.starts_at) for one in astray]


def _by_key(session: Session, keys: list[str]) -> Mapping[str, CalendarEntry]:
    rows: dict[str, CalendarEntry] = {}
    for some in portions(keys):
        query = select(CalendarEntry).where(col(CalendarEntry.key).in_(some))
        rows |= {row.key: row for row in session.execute(query).scalars()}
    return rows


def _is_astray(row: CalendarEntry | None, seen: MadeEntry, settled_before: datetime) -> bool:
    """Nobody's, or one that a row settled as gone, or a second one of a row that has its own."""
    if row is None:
        return True
    if row.gone_at is not None:
        return row.gone_at <= settled_before
    return row.remote_id not in {None, seen.remote_id} and row.due_at is None and row.claim is None


def _look_up(session: Session, row: CalendarEntry, look: Look, *, now: datetime) -> None:
    """A call that had been given up arrived after all: the row adopts it, by asking for it once more."""
    is_given_up = row.remote_id is None and row.attempt_at is None and row.claim is None and row.gone_at is None
    if is_given_up and row.wish == PRESENT:
        mine = update(CalendarEntry).where(col(CalendarEntry.id) == row.id)
        session.execute(mine.values(attempt_at=now - look.quarantine, due_at=now))
        wake(session, TOPIC)
