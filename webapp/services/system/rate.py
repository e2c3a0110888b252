"""Count tries in windows of time, in the database, so that all processes count together."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from webapp.errors import TooManyTries
from webapp.models import Rate


def count_try(session: Session, what: str, *, limit: int, per: timedelta, now: datetime) -> None:
    """Raises TooManyTries from the try after `limit` on; the count stands even then only if the caller commits."""
    if tries(session, what, per=per, now=now) > limit:
        raise TooManyTries(minutes=max(1, int(per.total_seconds() // 60)))


def tries(session: Session, what: str, *, per: timedelta, now: datetime) -> int:
    """Count one more try of `what` (such as "sign-in a@b.example") and return how many there were in this window."""
    return _count(session, key_of(what), per, now)


def tries_so_far(session: Session, what: str, *, per: timedelta, now: datetime) -> int:
    """How many were counted in this window: for what is counted only where it fails."""
    counted = (col(Rate.key) == key_of(what), col(Rate.window) == int(now.timestamp()) // int(per.total_seconds()))
    return session.execute(select(col(Rate.n)).where(*counted)).scalar_one_or_none() or 0


def count_nobody(session: Session, row: str, *, now: datetime) -> None:
    """Write a counter that nothing asks for, where for somebody a `row` would be written."""
    _count(session, row, timedelta(hours=1), now)


def forget_old(session: Session, *, now: datetime) -> None:
    session.execute(delete(Rate).where(col(Rate.expires) < int(now.timestamp())))


def mailbox(email: str) -> str:
    """Under which tries with an address are counted: what mail providers deliver to one mailbox is one, though for
    signing in each is an address of its own (LOGIN-021)."""
    name, _, domain = email.partition("@")
    name = name.partition("+")[0]
    if domain in {"gmail.com", "googlemail.com"}:
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def key_of(what: str) -> str:
    """In which nobody's name or address can be read."""
    return hashlib.sha256(what.encode()).hexdigest()


def add(session: Session, key: str, window: int, *, by: int, expires: int) -> int:
    """How many there are then in the counter, which is locked until the transaction ends."""
    row = {"key": key, "window": window, "n": by, "expires": expires}
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    counted = dialect.insert(Rate).values(**row)
    changed = {"n": col(Rate.n) + by, "expires": expires}
    counted = counted.on_conflict_do_update(index_elements=["key", "window"], set_=changed)
    n: int = session.execute(counted.returning(col(Rate.n))).scalar_one()
    return n


def _count(session: Session, key: str, per: timedelta, now: datetime) -> int:
    seconds = int(per.total_seconds())
    window = int(now.timestamp()) // seconds
    return add(session, key, window, by=1, expires=(window + 1) * seconds)
