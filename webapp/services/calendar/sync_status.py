"""Tell a teacher how it stands with a calendar of theirs: what is on it, what they changed there, when it is busy."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, ProviderError
from webapp.models import Appointment, BusyTime, CalendarEntry, CalendarLink, Slot
from webapp.models.calendar.calendar_entry import DELETED
from webapp.services.booking.agenda import Entry, agenda

MOST_BUSY_TIMES = 100
QUIET, WATCHED = 20, 3
"""Seconds between two looks of the page: often while something is on its way."""

_REMEDIES = {
    "no_calendar": N_("Choose another calendar, then click Save and Sync."),
    "scopes": N_("Disconnect, sign in again and leave all permissions ticked."),
    "token": N_("Sign in again."),
    "invalid_client": N_("Tell whoever runs Confab, who finds the reason in its log."),
    "not_enabled": N_("Tell whoever runs Confab, who finds the reason in its log."),
    "unreadable_tokens": N_("Tell whoever runs Confab, who finds the reason in its log."),
    "fault": N_("Tell whoever runs Confab, who finds the reason in its log."),
}
_BY_ITSELF = N_("It is tried again by itself. You need not do anything.")
_AGAIN = N_("Click Save and Sync to try again.")


@dataclass(frozen=True)
class Trouble:
    """What went wrong, as an error that says it, and a message id of what to do. `number` appointments wait for it;
    none where it is the reading of busy times that failed."""

    error: ProviderError
    remedy: str
    number: int = 0


@dataclass(frozen=True)
class Theirs:
    """An entry that its owner deleted, or else moved, in their calendar."""

    appointment: Entry
    is_deleted: bool


@dataclass(frozen=True)
class Busy:
    """Nothing of what it is about is known."""

    starts_at: datetime
    minutes: int
    calendar: str


@dataclass(frozen=True)
class SyncStatus:
    """`on_calendar` and `on_the_way` count coming appointments; `last_at` is when the provider was last spoken to."""

    last_at: datetime | None
    on_calendar: int
    on_the_way: int
    troubles: tuple[Trouble, ...]
    theirs: tuple[Theirs, ...]
    busy: tuple[Busy, ...]
    more_busy: int
    is_reading: bool

    @property
    def seconds(self) -> int:
        return WATCHED if self.on_the_way or self.is_reading else QUIET

    @property
    def version(self) -> str:
        """Another one when anything that the page shows of it is another."""
        troubles = [(trouble.error.message, trouble.error.values, trouble.number) for trouble in self.troubles]
        theirs = [(one.appointment.id, one.appointment.starts_at, one.is_deleted) for one in self.theirs]
        said = (self.last_at, self.on_calendar, self.on_the_way, troubles, theirs, self.busy, self.more_busy)
        return hashlib.sha256(repr((said, self.is_reading)).encode()).hexdigest()[:12]


def sync_status(
    session: Session, link: CalendarLink, *, within: Collection[int] | None = None, now: datetime
) -> SyncStatus:
    """A fixed number of queries. Where given, no appointment is named but of events `within` these (ids)."""
    entries = _coming_entries(session, link, now=now)
    present = [entry for entry in entries if entry.wish == "present" and entry.replaced_at is None]
    busy = _busy_times(session, link, now=now)
    on_the_way = [entry for entry in entries if entry.due_at is not None and not entry.problem]
    return SyncStatus(
        last_at=max((at for at in (link.called_at, link.synced_at) if at), default=None),
        on_calendar=sum(bool(entry.remote_id) and entry.theirs != DELETED for entry in present),
        on_the_way=len(on_the_way),
        troubles=_troubles(link, entries),
        theirs=_theirs(session, [entry for entry in present if entry.theirs], within),
        busy=tuple(busy[:MOST_BUSY_TIMES]),
        more_busy=max(0, len(busy) - MOST_BUSY_TIMES),
        is_reading=bool(link.claim or (link.due_at and link.due_at <= now)) and not link.problem,
    )


def _coming_entries(session: Session, link: CalendarLink, *, now: datetime) -> Sequence[CalendarEntry]:
    """Of appointments that have not ended, without those that have left the calendar."""
    query = (
        select(CalendarEntry)
        .join(Appointment, col(Appointment.id) == col(CalendarEntry.appointment_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(CalendarEntry.link_id) == link.id, col(CalendarEntry.gone_at).is_(None), col(Slot.ends_at) > now)
        .order_by(col(Slot.starts_at), col(CalendarEntry.id))
    )
    return session.execute(query).scalars().all()


def _troubles(link: CalendarLink, entries: Sequence[CalendarEntry]) -> tuple[Trouble, ...]:
    """One of each kind, the reading of busy times first; of a link that has died the page itself tells."""
    if not link.is_live:
        return ()
    reading = [_trouble(link)] if link.problem else []
    failing = [entry for entry in entries if entry.problem]
    numbers = Counter((entry.problem, entry.problem_values) for entry in failing)
    firsts = {(entry.problem, entry.problem_values): entry for entry in reversed(failing)}
    return (*reading, *(_trouble(firsts[said], number) for said, number in numbers.items()))


def _trouble(row: CalendarLink | CalendarEntry, number: int = 0) -> Trouble:
    values: dict[str, Any] = json.loads(row.problem_values)
    error = ProviderError(row.problem or "", retry=row.due_at is not None, code=row.problem_code, **values)
    return Trouble(error, _REMEDIES.get(row.problem_code) or (_BY_ITSELF if error.retry else _AGAIN), number)


def _theirs(session: Session, entries: Sequence[CalendarEntry], within: Collection[int] | None) -> tuple[Theirs, ...]:
    if not entries:
        return ()
    deleted = {entry.appointment_id: entry.theirs == DELETED for entry in entries}
    where = [] if within is None else [col(Appointment.event_id).in_(within)]
    return tuple(Theirs(one, deleted[one.id]) for one in agenda(session, col(Appointment.id).in_(deleted), *where))


def _busy_times(session: Session, link: CalendarLink, *, now: datetime) -> list[Busy]:
    query = select(col(BusyTime.starts_at), col(BusyTime.ends_at), col(BusyTime.calendar_name))
    coming = query.where(col(BusyTime.link_id) == link.id, col(BusyTime.ends_at) > now)
    rows = session.execute(coming.order_by(col(BusyTime.starts_at), col(BusyTime.ends_at)))
    return [Busy(row.starts_at, int((row.ends_at - row.starts_at).total_seconds() // 60), row[2]) for row in rows]
