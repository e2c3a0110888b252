"""Show of every coming virtual appointment whether it is linked, on the way, or needs somebody, and what to do then."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webapp.i18n import clock_time, gettext, moment, ngettext
from webapp.models.event.event_settings import ZOOM
from webapp.services.meeting.account_users import users_by_key
from webapp.services.meeting.awaited import Awaited, awaited, count_virtual
from webapp.services.meeting.budget import goes_on_at
from webapp.services.meeting.issue_rows import IssueRow, cause_of, issue_row
from webapp.services.meeting.issues import OF_CONNECTION
from webapp.services.meeting.map_contacts import is_mapping

MOST_SHOWN = 100
"""Rows of Online Meeting Sync on the page; its count names all."""


@dataclass(frozen=True)
class Counts:
    """The three honest states; they add up to the total."""

    total: int
    on_the_way: int
    need_attention: int
    causes: int

    @property
    def linked(self) -> int:
        return self.total - self.on_the_way - self.need_attention

    @property
    def sentence(self) -> str:
        way = ngettext("%(n)s link on the way", "%(n)s links on the way", self.on_the_way)
        need = ngettext("%(n)s appointment needs attention", "%(n)s appointments need attention", self.need_attention)
        return gettext("%(way)s, %(need)s.", way=way, need=need)


@dataclass(frozen=True)
class SyncRow:
    """An appointment whose link is being made; `minutes` are those that it has waited, of 40 at most."""

    id: int
    teacher: str
    child: str
    parent: str
    event: str
    zone: str
    starts_at: datetime
    since: datetime
    minutes: int
    tries: int
    next_try: datetime | None
    is_running: bool
    problem: str

    @property
    def how_far(self) -> str:
        if self.is_running:
            return gettext("Try %(n)s is going on now.", n=self.tries)
        if self.problem and self.next_try and self.tries == 0:
            return gettext("Goes on at %(time)s.", time=moment(self.next_try, self.zone))
        if self.next_try is None or self.tries == 0:
            return gettext("First try in a moment.")
        return gettext(
            "Tries so far: %(n)s. Next at %(time)s.", n=self.tries, time=clock_time(self.next_try, self.zone)
        )


@dataclass(frozen=True)
class Overview:
    """What the first two sections of Online Meetings show."""

    counts: Counts
    sync: tuple[SyncRow, ...]
    issues: tuple[IssueRow, ...]
    is_mapping: bool
    goes_on_at: datetime | None = None  # while the provider has stopped the whole account

    @property
    def sync_shown(self) -> tuple[SyncRow, ...]:
        """The soonest: a page that shows thousands of rows each three seconds helps nobody."""
        return self.sync[:MOST_SHOWN]

    @property
    def can_retry(self) -> bool:
        return any(issue.can_retry for issue in self.issues)

    @property
    def seconds(self) -> int:
        """The pause after which a page looks again: links take seconds, a quiet section can wait (DESIGN 5)."""
        return 3 if self.counts.on_the_way or self.is_mapping else 20

    @property
    def sync_version(self) -> str:
        """Another one when anything that the section shows is another."""
        return _version(self.counts, self.sync_shown, self.is_mapping, self.goes_on_at)

    @property
    def issues_version(self) -> str:
        return _version(self.counts, self.issues, self.is_mapping)


def overview(session: Session, school_id: int, events: Collection[int], *, now: datetime) -> Overview:
    """Five queries, however many appointments. `events` are those that the reader oversees and asked for."""
    rows = awaited(session, events, now=now)
    causes: dict[tuple[int | None, str], list[Awaited]] = {}
    on_the_way = []
    for row in rows:
        if code := cause_of(row, now=now):
            causes.setdefault((None if code in OF_CONNECTION else row.resource_id, code), []).append(row)
        else:
            on_the_way.append(row)
    counts = Counts(
        total=count_virtual(session, events, now=now),
        on_the_way=len(on_the_way),
        need_attention=len(rows) - len(on_the_way),
        causes=len(causes),
    )
    keys = {key for row in rows for key in row.suggested}
    users = users_by_key(session, school_id, ZOOM, sorted(keys))
    issues = [issue_row(code, some, users=users, now=now) for (_, code), some in causes.items()]
    in_order = sorted(issues, key=_what_concerns_all_first)
    sync = tuple(_sync_row(row, now=now) for row in on_the_way)
    paused = goes_on_at(session, school_id, now=now)
    return Overview(counts, sync, tuple(in_order), is_mapping(session, school_id), paused)


def held_up(session: Session, events: Collection[int], *, now: datetime) -> frozenset[int]:
    """The appointments that need somebody, for pages that would else only say that a link is on its way."""
    return frozenset(row.id for row in awaited(session, events, now=now) if cause_of(row, now=now))


def _sync_row(row: Awaited, *, now: datetime) -> SyncRow:
    return SyncRow(
        id=row.id,
        teacher=row.teacher,
        child=row.child,
        parent=row.parent,
        event=row.event,
        zone=row.zone,
        starts_at=row.starts_at,
        since=row.since,
        minutes=row.minutes(now),
        tries=row.tries,
        next_try=row.next_try,
        is_running=row.is_running,
        problem=row.words,
    )


def _what_concerns_all_first(issue: IssueRow) -> tuple[object, ...]:
    return (not issue.is_of_connection, issue.teacher.casefold(), issue.event, issue.name)


def _version(*shown: object) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
