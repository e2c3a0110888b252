"""Map a school's contacts to a provider's users: ask the provider step by step, then store what came of it."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import Database
from webapp.errors import N_, ProviderError
from webapp.models import Task
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import MeetingProvider, Providers, RemoteUser
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.mapping import Match, match, store_matches
from webapp.services.meeting.teachers import Teacher, teachers_to_map
from webapp.services.meeting.tokens import StoredTokens
from webapp.services.system.errand import Claim
from webapp.services.system.task import end_task, latest_task, progress, start_task

KIND = "map_contacts"
_EVERY = 5
"""Teachers between two reports of progress."""
_USERS = 300
"""Users between two; a page of them."""
_SECONDS = 10
"""The longest time between two, well below the lease."""
_TROUBLES = 3
"""After so many rules that could not be read, the rest are not asked for."""


class Overtaken(Exception):
    """The claim went to another process, which does all of it again."""


@dataclass(frozen=True)
class _Work:
    """What one run needs to know, read once."""

    school_id: int
    provider: str
    connection_id: int
    teachers: list[Teacher]


def start_mapping(session: Session, school_id: int, provider: str, contact_id: int | None, now: datetime) -> Task:
    """One at a time per school: while one is under way, it is returned."""
    latest = latest_task(session, school_id, KIND)
    if latest and latest.ended_at is None and latest.due_at is not None:
        return latest
    return start_task(session, school_id, KIND, {"provider": provider}, contact_id, now)


def run_mapping(database: Database, providers: Providers, claim: Claim, clock: Callable[[], datetime]) -> None:
    """The whole task. No transaction is open during a call; it can be repeated without harm."""
    try:
        result = _mapped(database, providers, claim, clock)
    except Overtaken:
        return
    except ProviderError as error:
        with database.transaction() as session:
            end_task(session, claim, problem=error, now=clock())
        return
    if result is not None:
        with database.transaction() as session:
            end_task(session, claim, result=result, now=clock())


def _mapped(database: Database, providers: Providers, claim: Claim, clock: Callable[[], datetime]) -> dict[str, int]:
    with database.reading() as session:
        work = _work(session, claim)
    report = _Report(database, claim, clock, total=len(work.teachers))
    store = StoredTokens(database, work.connection_id, clock)
    provider = providers.meetings[work.provider](store)
    report.done(0)
    matches = match(work.teachers, report.counted(provider.users()))
    matches = list(with_rules(provider, matches, report.done))
    with database.transaction() as session:
        return asdict(store_matches(session, work.school_id, work.provider, matches, now=clock()))


def with_rules(provider: MeetingProvider, matches: Iterable[Match], tell: Callable[[int], None]) -> Iterator[Match]:
    """The matches with each host's passcode rule, so that the first passcode made for it is right (R92, R94).

    A rule that cannot be read just now stays as it was stored; it is read again when a passcode is refused."""
    troubles = 0
    for n, found in enumerate(matches, start=1):
        if found.state == MAPPED and troubles < _TROUBLES:
            try:
                found = replace(found, rule=provider.passcode_rule(found.remote_id))  # noqa: PLW2901 - the same teacher
            except ProviderError as error:
                if not error.retry:
                    raise
                troubles += 1
        yield found
        tell(n)


def _work(session: Session, claim: Claim) -> _Work:
    query = select(Task).where(col(Task.id) == claim.id, col(Task.claim) == claim.receipt)
    task = session.execute(query).scalar_one_or_none()
    if task is None:
        raise Overtaken
    provider = json.loads(task.arguments)["provider"]
    connection = connection_of(session, task.school_id, provider)
    if connection is None or connection.id is None:
        raise ProviderError(N_("Zoom is not connected"), retry=False, code="not_connected")
    return _Work(task.school_id, provider, connection.id, teachers_to_map(session, task.school_id))


class _Report:
    """Tells the row how far the work is, in short transactions of its own."""

    def __init__(self, database: Database, claim: Claim, clock: Callable[[], datetime], *, total: int) -> None:
        self._database, self._claim, self._clock, self._total = database, claim, clock, total
        self._done, self._written = 0, time.monotonic()

    def done(self, n: int) -> None:
        """Raises Overtaken."""
        self._done = n
        if n % _EVERY == 0 or n == self._total or time.monotonic() > self._written + _SECONDS:
            self._write()

    def counted(self, users: Iterable[RemoteUser]) -> Iterator[RemoteUser]:
        for n, user in enumerate(users, start=1):
            yield user
            if n % _USERS == 0:
                self._write()

    def _write(self) -> None:
        with self._database.transaction() as session:
            if not progress(session, self._claim, done=self._done, total=self._total, now=self._clock()):
                raise Overtaken
        self._written = time.monotonic()
