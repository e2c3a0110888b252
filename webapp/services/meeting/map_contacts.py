"""Map a school's contacts to a provider's users: ask the provider step by step, then store what came of it."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from webapp.db import Database
from webapp.errors import N_, ProviderError
from webapp.models import Connection, Task
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import MeetingProvider, PasscodeRule, Providers, RemoteAccount, RemoteUser
from webapp.services.meeting.account_users import distinct, store_users
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.mapping import Match, hold_mapping, match, picks_of, store_matches
from webapp.services.meeting.sync_report import report_sync_errors
from webapp.services.meeting.teachers import Teacher, teachers_to_map
from webapp.services.meeting.tokens import ConnectionTokens, declare_dead
from webapp.services.system.errand import Claim
from webapp.services.system.task import end_task, is_under_way, latest_task, progress, start_task

KIND = "map_contacts"
GATHER = timedelta(seconds=10)
"""Changes come in swarms: so long they are gathered before the users are read."""
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
    account_id: str
    teachers: list[Teacher]
    picks: dict[int, str]


def start_mapping(session: Session, school_id: int, provider: str, contact_id: int | None, now: datetime) -> Task:
    """One at a time per school: while one is under way, it is returned."""
    hold_mapping(session, school_id, provider)
    latest = latest_task(session, school_id, KIND)
    if latest and is_under_way(latest):
        return latest
    return start_task(session, school_id, KIND, {"provider": provider}, contact_id, now)


def is_mapping(session: Session, school_id: int) -> bool:
    """Whether the provider's users are being read just now."""
    latest = latest_task(session, school_id, KIND)
    return latest is not None and is_under_way(latest)


def wish_mapping(session: Session, school_id: int, now: datetime) -> None:
    """Read the users again soon, because some of them changed. Many wishes become one run, and a wish that comes
    while a run is under way gets another after it: what that one read may be older."""
    soon = now + GATHER
    mine = (col(Connection.school_id) == school_id, col(Connection.connected_at).is_not(None))
    is_sooner = or_(col(Connection.map_due_at).is_(None), col(Connection.map_due_at) > soon)
    session.execute(update(Connection).where(*mine, is_sooner).values(map_due_at=soon))


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
    store = ConnectionTokens(database, work.connection_id, clock)
    provider = providers.meetings[work.provider](store)
    report.done(0)
    _refuse_other_account(database, store, work, provider.account(), now=clock())
    users = distinct(report.counted(provider.users()))
    matches = with_rules(provider, match(work.teachers, users, work.picks), report.done)
    rules = {found.remote_id: found.rule for found in matches if found.rule}
    with database.transaction() as session:
        return _stored(session, work, users, rules, now=clock())


def _refuse_other_account(
    database: Database, store: ConnectionTokens, work: _Work, found: RemoteAccount, *, now: datetime
) -> None:
    """Whoever granted it was moved to another account, whose users are not ours: held until a person connects again
    and says which account it shall be (OAUTH-021)."""
    if not work.account_id or found.account_id in {"", work.account_id}:
        return
    words = N_("%(service)s answers for another account than the one that was connected: %(account)s.")
    account = found.email or found.name or found.account_id
    error = ProviderError(words, retry=False, code="other_account", service="Zoom", account=account)
    store.note_problem(error)
    with database.transaction() as session:
        connection = session.get_one(Connection, work.connection_id, with_for_update=True, populate_existing=True)
        declare_dead(session, connection, now=now)
    raise error


def _stored(
    session: Session, work: _Work, users: list[RemoteUser], rules: dict[str, PasscodeRule], *, now: datetime
) -> dict[str, int]:
    """Matched once more, since somebody may have picked a user meanwhile."""
    hold_mapping(session, work.school_id, work.provider)
    store_users(session, work.school_id, work.provider, users)
    matches = match(work.teachers, users, picks_of(session, work.school_id, work.provider))
    matches = [replace(found, rule=rules.get(found.remote_id)) for found in matches]
    result = store_matches(session, work.school_id, work.provider, matches, now=now)
    report_sync_errors(session, work.school_id, work.provider, now=now)
    return asdict(result)


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
    picks = picks_of(session, task.school_id, provider)
    teachers = teachers_to_map(session, task.school_id)
    return _Work(task.school_id, provider, connection.id, connection.account_id, teachers, picks)


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
