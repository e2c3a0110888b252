"""Spend what a provider allows before calling, so that it need not refuse: per account and label, and per host and day.

The rows decide, for all processes. The plan is a setting, for Zoom does not tell it for sure; it is where the learned
rate begins and what it never exceeds. A 429 lowers the rate by a fifth, each five seconds without one raise it again.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, ProviderError
from webapp.models import Connection, HostDay, Meeting, Pace

LIGHT, MEDIUM, WHOLE = "LIGHT", "MEDIUM", ""
RATES = {
    "free": {LIGHT: 4, MEDIUM: 2},
    "pro": {LIGHT: 30, MEDIUM: 20},
    "business": {LIGHT: 80, MEDIUM: 60},
}
"""Calls per second of an account by plan and label (PROVIDERS 1.5); making, changing and removing are LIGHT."""

DAYS = {"free": {LIGHT: 6000, MEDIUM: 2000}}
"""Calls per UTC day, where a plan has such a limit for what we do."""

SHARE = 0.94
"""Of the rate, for calls do not arrive as evenly as they are sent."""

LONGEST_WAIT = 3.0
"""Seconds for which a call that has its permit may wait: well within PROMPT."""

_FARTHEST = 3 * LONGEST_WAIT
"""Seconds ahead that no call is let in, so that a time beyond was written before the clock was set back."""

_LOWER, _RAISE, _SILENCE = 0.8, 0.05, timedelta(seconds=5)
_SECOND, _HOUR, _LAST_JITTER = timedelta(seconds=1), timedelta(hours=1), 600

_HOST_DAY = N_("Zoom allows 100 new or changed meetings per teacher and day. It goes on after midnight UTC.")
_ACCOUNT_DAY = N_("The school's Zoom account has used up its calls for today.")
_OUTAGE = N_("Zoom is in trouble or cannot be reached. It goes on by itself as soon as Zoom does.")
_SLOWER = N_("Zoom asks us to go slower.")


@dataclass(frozen=True)
class Allowance:
    """The plan of the accounts, and how much a host may do in a day; 0 is without limit. `spared_until` is asked
    last, by the connection, and says until when its provider is left in peace because it is in trouble, if it is."""

    plan: str = "pro"
    host_day: int = 100
    spared_until: Callable[[int], datetime | None] = lambda _connection_id: None


@dataclass(frozen=True)
class Permit:
    """Begin in `wait` seconds, `spacing` after another, and at most `burst` in their time; or, with a problem, not
    before `problem.after`; or ask again after `wait`."""

    wait: float = 0.0
    spacing: float = 0.0
    burst: int = 1
    is_granted: bool = True
    problem: ProviderError | None = None


def permit(
    session: Session,
    connection: Connection,
    meeting: Meeting,
    *,
    label: str,
    calls: int,
    writes: int,
    allowance: Allowance,
    now: datetime,
) -> Permit:
    """Take the permit for a step of so many calls, or say why not; then nothing is taken."""
    whole, pace = (_pace(session, connection, which, allowance, now=now) for which in (WHOLE, label))
    for row, code, words in ((whole, "account_limit", _ACCOUNT_DAY), (pace, "rate", _SLOWER)):
        if row.paused_until and now < row.paused_until:
            return _refused(code, words, _after(row.paused_until, 60 if row is whole else 2))
    if _is_day_over(pace, label, calls, allowance):
        return _refused("account_limit", _ACCOUNT_DAY, _after(next_day(now), _LAST_JITTER))
    wait = max(0.0, (pace.next_at - now).total_seconds())
    if wait > _FARTHEST:
        pace.next_at, wait = now, 0.0
    if wait > LONGEST_WAIT:
        return Permit(wait - LONGEST_WAIT / 2, is_granted=False)
    if spared_until := allowance.spared_until(connection.id or 0):
        return _refused("outage", _OUTAGE, _after(spared_until, 10))
    if writes and (spent := _spend(session, meeting, writes, allowance, now=now)):
        return _refused("host_limit", _HOST_DAY, spent)
    _learn(pace, label, allowance, now=now)
    pace.next_at = max(pace.next_at, now) + timedelta(seconds=calls / pace.per_second)
    pace.used += calls
    session.flush()
    return Permit(wait, spacing=1 / pace.per_second, burst=_allowed(label, allowance))


def note_limit(
    session: Session, connection: Connection, meeting: Meeting, error: ProviderError, *, label: str, now: datetime
) -> None:
    """What a 429 said, for all who would call next: it stops only what it is about (PROVIDERS 1.5)."""
    if error.code == "host_limit":
        _host_day(session, meeting, now=now).spent_until = error.after or next_day(now)
    elif error.code == "account_limit":
        _pace(session, connection, WHOLE, Allowance(), now=now).paused_until = error.after or now + _HOUR
    elif error.code == "rate":
        pace = _pace(session, connection, label, Allowance(), now=now)
        pace.paused_until = error.after or now + _SECOND
        if now - pace.learned_at >= _SECOND:  # those that were on their way together say one thing
            pace.per_second, pace.learned_at = max(1.0, pace.per_second * _LOWER), now
    session.flush()


def give_back(session: Session, connection: Connection, meeting: Meeting, *, now: datetime) -> None:
    """Of the host's day, for a write that never left: through an outage nobody's day is used up by trying."""
    _pace(session, connection, WHOLE, Allowance(), now=now)
    host = _host_day(session, meeting, now=now)
    host.used = max(0, host.used - 1)
    session.flush()


def goes_on_at(session: Session, school_id: int, *, now: datetime) -> datetime | None:
    """When the provider said that the school's whole account may call again; None while it may."""
    query = select(func.max(Pace.paused_until)).where(
        col(Pace.school_id) == school_id, col(Pace.label) == WHOLE, col(Pace.paused_until) > now
    )
    ends: datetime | None = session.execute(query).scalar_one()
    return ends


def next_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _pace(session: Session, connection: Connection, label: str, allowance: Allowance, *, now: datetime) -> Pace:
    """Locked until the transaction ends. The connection's row is locked where the first is made."""
    key = (connection.id, label)
    pace = session.get(Pace, key, with_for_update=True, populate_existing=True)
    if pace is None:
        session.get(Connection, connection.id, with_for_update=True)
        pace = session.get(Pace, key, with_for_update=True, populate_existing=True)
    if pace is None:
        pace = Pace(
            connection_id=connection.id or 0,
            label=label,
            school_id=connection.school_id,
            next_at=now,
            per_second=_most(label, allowance),
            learned_at=now,
            day=now.date(),
        )
        session.add(pace)
        session.flush()
    if pace.day != now.date():
        pace.day, pace.used = now.date(), 0
    return pace


def _most(label: str, allowance: Allowance) -> float:
    return SHARE * _allowed(label, allowance)


def _allowed(label: str, allowance: Allowance) -> int:
    """Calls per second."""
    return RATES[allowance.plan].get(label, 1)


def _is_day_over(pace: Pace, label: str, calls: int, allowance: Allowance) -> bool:
    most = DAYS.get(allowance.plan, {}).get(label)
    return most is not None and pace.used + calls > most


def _learn(pace: Pace, label: str, allowance: Allowance, *, now: datetime) -> None:
    most = _most(label, allowance)
    if pace.per_second < most and (steps := (now - pace.learned_at) // _SILENCE) > 0:
        pace.per_second, pace.learned_at = pace.per_second + steps * _RAISE * most, now
    pace.per_second = min(pace.per_second, most)


def _spend(session: Session, meeting: Meeting, writes: int, allowance: Allowance, *, now: datetime) -> datetime | None:
    """None, or when the host has a new day."""
    host = _host_day(session, meeting, now=now)
    if host.spent_until and now < host.spent_until:
        return _after(host.spent_until, _LAST_JITTER)
    if allowance.host_day and host.used + writes > allowance.host_day:
        host.spent_until = next_day(now)
        session.flush()
        return _after(host.spent_until, _LAST_JITTER)
    host.used += writes
    return None


def _host_day(session: Session, meeting: Meeting, *, now: datetime) -> HostDay:
    """Locked by the pace of its connection, which everybody takes before."""
    key = (meeting.school_id, meeting.provider, meeting.host_key)
    host = session.get(HostDay, key, populate_existing=True)
    if host is None:
        host = HostDay(school_id=key[0], provider=key[1], host_key=key[2], day=now.date())
        session.add(host)
    if host.day != now.date():
        host.day, host.used, host.spent_until = now.date(), 0, None
    return host


def _refused(code: str, words: str, after: datetime) -> Permit:
    return Permit(is_granted=False, problem=ProviderError(words, retry=True, after=after, code=code))


def _after(moment: datetime, jitter: float) -> datetime:
    """So that not all begin again in one instant."""
    return moment + timedelta(seconds=random.uniform(0, jitter))  # noqa: S311 - jitter, not a secret
