"""Let a calendar program read a family's or a teacher's appointments by a private link, which can be renewed and
stopped."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError
from webapp.models import Contact, Feed, Level, School
from webapp.models.people.feed import FAMILY, TEACHER
from webapp.portions import portions
from webapp.services.people.once import made_once
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.rate import count_try

MOST_AN_HOUR = 120
"""Several devices that each ask every few minutes."""


class DeadFeed(DomainError):
    """Renewed, stopped, of a contact that was deleted, or never one of ours: the words are the same."""

    message = N_("This calendar link does not work any more. You can make a new one in My Appointments.")
    status = 410


def make_feed(session: Session, contact: Contact, kind: str = FAMILY, *, who: Who, now: datetime) -> str:
    """The secret of the new link, 160 bits, which is kept nowhere (RELIABILITY T29). The one before is dead."""
    assert contact.id is not None
    token = secrets.token_hex(20)
    new = Feed(contact_id=contact.id, school_id=contact.school_id, kind=kind, token_hash=_hash(token), made_at=now)
    feed = feed_of(session, contact, kind) or made_once(session, new, lambda: feed_of(session, contact, kind))
    feed.token_hash, feed.made_at = _hash(token), now
    session.flush()
    _record(session, contact, "feed.make", who=who, now=now)
    return token


def stop_feed(session: Session, contact: Contact, kind: str = FAMILY, *, who: Who, now: datetime) -> None:
    stopped = delete(Feed).where(*_own(contact, kind)).returning(col(Feed.contact_id))
    if session.execute(stopped).first():
        _record(session, contact, "feed.stop", who=who, now=now)


def stop_feeds(session: Session, contact_ids: Collection[int]) -> None:
    """Of people who have another address from now on: whoever had the former one may have made the links."""
    for some in portions(sorted(set(contact_ids))):
        session.execute(delete(Feed).where(col(Feed.contact_id).in_(some)))


def feed_of(session: Session, contact: Contact, kind: str = FAMILY) -> Feed | None:
    return session.execute(select(Feed).where(*_own(contact, kind))).scalar_one_or_none()


def is_secret_of(feed: Feed | None, token: str) -> bool:
    return feed is not None and feed.token_hash == _hash(token)


def holder_of(session: Session, token: str) -> tuple[School, Contact, str]:
    """Whose appointments the link shows, and of which kind. Raises DeadFeed, also for whoever teaches no more."""
    query = (
        select(School, Contact, col(Feed.kind))
        .join(Contact, col(Contact.school_id) == col(School.id))
        .join(Feed, col(Feed.contact_id) == col(Contact.id))
        .where(col(Feed.token_hash) == _hash(token))
    )
    row = session.execute(query).first()
    if row is None or (row[2] == TEACHER and row[1].level < Level.VIEWER):
        raise DeadFeed
    return row[0], row[1], row[2]


def count_look(session: Session, contact: Contact, *, now: datetime) -> None:
    """Raises TooManyTries. A link that is none is not counted: nobody guesses it, and it costs one look at an index."""
    count_try(session, f"feed {contact.id}", limit=MOST_AN_HOUR, per=timedelta(hours=1), now=now)


def _own(contact: Contact, kind: str) -> tuple[ColumnElement[bool], ...]:
    return col(Feed.contact_id) == contact.id, col(Feed.kind) == kind


def _record(session: Session, contact: Contact, action: str, *, who: Who, now: datetime) -> None:
    subject = f"contact {contact.id}"
    audit.record(session, action, who=who, school_id=contact.school_id, subject=subject, now=now)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
