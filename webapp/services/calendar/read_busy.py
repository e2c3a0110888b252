"""Keep when teachers are busy by their calendars, as the last reading of each said; a failure leaves that as it is."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from webapp.errors import ProviderError
from webapp.models import Appointment, BusyTime, CalendarLink, Event, Resource, ResourceMember, School, Slot
from webapp.providers.base import BusySpan, CalendarProvider
from webapp.services.booking.agenda import with_teacher
from webapp.services.booking.collisions import mark_collisions_of
from webapp.services.calendar.pace import grant, granted_again, is_limit, note_limit, outage_until, pause_of
from webapp.services.message.calendar_entries import uid_of
from webapp.services.system.errand import Claim, failed, settled, write_if_ours
from webapp.services.system.wishes import Store

EVERY = timedelta(minutes=10)
REFUSED_EVERY = timedelta(hours=1)
"""What was refused for good is asked for again all the same: times that stay old unseen help nobody."""

CALLS = 4
"""Of a reading at Google, as a rule: which calendars there are, twice, and a page of each of two."""

_LOCKED: dict[str, Any] = {"key_share": True}
"""Entries that are wished meanwhile name the link, and may hold an appointment that what was read turns red."""


@dataclass(frozen=True)
class Reading:
    """What is to be asked of one link: the time from now to the end of the teacher's last slot, and the UIDs of files
    about what is booked with them, which may stand on the calendar and take no time beside it. `zone` is the
    school's."""

    claim: Claim
    link_id: int
    provider: str
    calendar_id: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    own_files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Read:
    """What a calendar account said; `names` are its calendars'."""

    spans: Sequence[BusySpan]
    names: dict[str, str]


def begin(
    session: Session,
    claim: Claim,
    *,
    spared_until: Callable[[str, int], datetime | None],
    now: datetime,
) -> Reading | None:
    """None where nothing is to be asked: nobody wants it any more, the grant has died, the provider wants a pause or
    allows no more calls in this minute, or no slot of the teacher is to come."""
    link = session.get(CalendarLink, claim.id, with_for_update=_LOCKED, populate_existing=True)
    if link is None or link.claim != claim.receipt:
        return None
    if not (link.is_live and link.is_import and link.saved_at):
        write_if_ours(session, CalendarLink, claim, **settled())
        return None
    if pause := pause_of(link, now=now) or outage_until(spared_until(link.provider, link.id or 0)):
        left = {"due_at": pause.after, "claim": None, "attempts": max(0, link.attempts - 1)}
        write_if_ours(session, CalendarLink, claim, **left)
        return None
    ends_at = _last_end(session, link.contact_id, now=now)
    assert link.id is not None
    zone = session.get_one(School, link.school_id).zone
    reading = Reading(claim, link.id, link.provider, link.calendar_id, now, ends_at or now, zone)
    if ends_at is None:
        store_read(session, reading, Read((), {}), now=now)
        return None
    if grant(session, link.provider, CALLS, now=now) < CALLS:
        again = granted_again(session, link.provider, now=now)
        write_if_ours(session, CalendarLink, claim, due_at=again, claim=None, attempts=max(0, link.attempts - 1))
        return None
    return replace(reading, own_files=_own_files(session, link.contact_id, now=now))


def carry_out(provider: CalendarProvider, reading: Reading) -> Store:
    """Ask for the primary calendar and the default one; what is to be stored of the answer."""
    calendars = provider.calendars()
    asked = [one.key for one in calendars if one.is_primary or one.key == reading.calendar_id]
    window = {"starts_at": reading.starts_at, "ends_at": reading.ends_at}
    spans = provider.busy(asked, **window, but=reading.own_files, zone=reading.zone) if asked else []
    read = Read(spans, {one.key: one.name for one in calendars})
    return lambda session, now: store_read(session, reading, read, now=now)


def store_read(session: Session, reading: Reading, read: Read, *, now: datetime) -> None:
    """Replaced whole; nothing where the link was saved anew or disconnected meanwhile."""
    link = session.get(CalendarLink, reading.link_id, with_for_update=_LOCKED, populate_existing=True)
    if link is None or link.claim != reading.claim.receipt:
        return
    _replace(session, link, [span for span in read.spans if span.ends_at > now], read.names, now=now)
    done = {**settled(), "due_at": next_reading(reading.link_id, now=now), "synced_at": now}
    write_if_ours(session, CalendarLink, reading.claim, **done)
    mark_collisions_of(session, link.contact_id, now=now)


def store_failure(session: Session, reading: Reading, error: ProviderError, *, now: datetime) -> None:
    link = session.get(CalendarLink, reading.link_id, with_for_update=_LOCKED, populate_existing=True)
    if link is None or link.claim != reading.claim.receipt:
        return
    columns = failed(error, attempts=link.attempts, now=now)
    if not link.is_live:
        columns["due_at"] = None  # until somebody signs in there again
    elif is_limit(error):
        note_limit(session, reading.link_id, error, now=now)
    elif not error.retry:
        columns["due_at"] = now + REFUSED_EVERY
    write_if_ours(session, CalendarLink, reading.claim, **columns)


def next_reading(link_id: int, *, now: datetime) -> datetime:
    """Within EVERY, at a moment of the link's own: those that were all due at once do not come back at once."""
    every = int(EVERY.total_seconds())
    at = link_id * 2_654_435_761 % 2**32 % every
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds + ((at - seconds) % every or every), UTC)


def _last_end(session: Session, contact_id: int, *, now: datetime) -> datetime | None:
    """Of the teacher's slots of events that are there, alone or in teams."""
    query = (
        select(func.max(col(Slot.ends_at)))
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .join(Event, col(Event.id) == col(Resource.event_id))
        .where(col(ResourceMember.contact_id) == contact_id, col(Event.deleted_at).is_(None))
        .where(col(Slot.removed_at).is_(None), col(Slot.ends_at) > now)
    )
    ends_at: datetime | None = session.execute(query).scalar_one()
    return ends_at


def _own_files(session: Session, contact_id: int, *, now: datetime) -> frozenset[str]:
    """Of what is booked with the teacher, not by them as a parent; cancelled ones too, whose file may be left there."""
    query = (
        select(col(Appointment.token))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(with_teacher(contact_id), col(Slot.ends_at) > now)
    )
    return frozenset(uid_of(token) for token in session.execute(query).scalars())


def _replace(
    session: Session, link: CalendarLink, spans: Collection[BusySpan], names: dict[str, str], *, now: datetime
) -> None:
    """What has not changed stays as it stands: as a rule nothing is written."""
    old = session.execute(select(BusyTime).where(col(BusyTime.link_id) == link.id)).scalars().all()
    wanted = {
        (span.starts_at, span.ends_at, names.get(span.calendar, "")[:250])
        for span in spans
        if span.starts_at < span.ends_at
    }
    known = {(row.starts_at, row.ends_at, row.calendar_name) for row in old}
    gone = [row.id for row in old if (row.starts_at, row.ends_at, row.calendar_name) not in wanted]
    for starts_at, ends_at, name in sorted(wanted - known):
        times = {"starts_at": starts_at, "ends_at": ends_at, "seen_at": _seen_at(starts_at, ends_at, old) or now}
        owner = {"school_id": link.school_id, "contact_id": link.contact_id, "link_id": link.id}
        session.add(BusyTime.model_validate({**owner, **times, "calendar_name": name}))
    if gone:
        session.execute(delete(BusyTime).where(col(BusyTime.id).in_(gone)))
    session.flush()


def _seen_at(starts_at: datetime, ends_at: datetime, old: Sequence[BusyTime]) -> datetime | None:
    """Since when the whole of a span is known: one that has begun may be told from now on only."""
    covering = (row.seen_at for row in old if row.starts_at <= starts_at and row.ends_at >= ends_at)
    return min(covering, default=None)
