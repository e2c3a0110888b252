"""Share among all processes what may be taken in any time of some length, in rows: a counter for each second."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.models import Rate
from webapp.services.system.rate import add, key_of

_TURN = 0
"""The window of a counter that counts nothing: whoever takes has it locked, so that they take one after the other."""


def take(session: Session, what: str, number: int, *, limit: int, per: timedelta, now: datetime) -> int:
    """How many of a number there is room for, where in any time as long as `per` no more than the limit is taken."""
    key, second = key_of(what), int(now.timestamp())
    forgotten = second + _length(per)
    add(session, key, _TURN, by=0, expires=forgotten)
    taken = session.execute(select(func.sum(col(Rate.n))).where(*_remembered(key, per, now))).scalar_one() or 0
    room = max(0, min(number, limit - taken))
    if room:
        add(session, key, second, by=room, expires=forgotten)
    return room


def room_again(session: Session, what: str, *, per: timedelta, now: datetime) -> datetime:
    """When the first of what was taken is forgotten."""
    first = session.execute(select(func.min(col(Rate.window))).where(*_remembered(key_of(what), per, now))).scalar_one()
    return now if first is None else datetime.fromtimestamp(first + _length(per), UTC)


def _remembered(key: str, per: timedelta, now: datetime) -> tuple[Any, ...]:
    """Also what somebody has taken whose clock is ahead; farther ahead than that was taken before it was set back."""
    second, length = int(now.timestamp()), _length(per)
    return col(Rate.key) == key, col(Rate.window) > second - length, col(Rate.window) <= second + length


def _length(per: timedelta) -> int:
    """A second more: what was taken at the end of one counts as if at its beginning."""
    return int(per.total_seconds()) + 1
