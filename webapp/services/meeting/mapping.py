"""Match a school's teachers with a provider's users by e-mail, and keep what came of it."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from webapp.models import Connection, Contact, Host
from webapp.models.meeting.host import CANNOT_HOST, INACTIVE, MAPPED, NO_EMAIL, NOT_FOUND, PENDING
from webapp.providers.base import PasscodeRule, RemoteUser
from webapp.services.booking.consequences import follow
from webapp.services.meeting.affected import appointments_waiting_on
from webapp.services.meeting.teachers import Teacher

_STATUS_STATES = {"inactive": INACTIVE, "pending": PENDING}
_BEST_FIRST = (MAPPED, CANNOT_HOST, INACTIVE, PENDING)
"""Which of several users with one address counts."""


@dataclass(frozen=True)
class Match:
    """What a teacher is at the provider. `rule` is None where the passcode rule was not read."""

    contact_id: int
    state: str
    remote_id: str = ""
    remote_email: str = ""
    is_basic: bool = False
    rule: PasscodeRule | None = None


@dataclass(frozen=True)
class MappingResult:
    """How many teachers stand where, and how many of them changed."""

    mapped: int = 0
    pending: int = 0
    inactive: int = 0
    not_found: int = 0
    no_email: int = 0
    cannot_host: int = 0
    changed: int = 0


def match(teachers: Iterable[Teacher], users: Iterable[RemoteUser]) -> list[Match]:
    """By address, whatever its case (R14)."""
    by_address: dict[str, list[RemoteUser]] = {}
    for user in users:
        by_address.setdefault(_folded(user.email), []).append(user)
    return [_match(teacher, by_address) for teacher in teachers]


def store_matches(
    session: Session, school_id: int, provider: str, matches: Collection[Match], *, now: datetime
) -> MappingResult:
    """Rows that are right stay as they are. The appointments of teachers of whom something changed get their links
    without anybody's action (R72)."""
    # The connection's row is locked first, so that two runs at once store one after the other.
    mine = (col(Connection.school_id) == school_id, col(Connection.provider) == provider)
    session.execute(update(Connection).where(*mine).values(mapped_at=now))
    hosts = _hosts(session, school_id, provider)
    contacts = _contact_ids(session, school_id)
    known = [found for found in matches if found.contact_id in contacts]  # some may have been deleted meanwhile
    changed = [found.contact_id for found in known if _store(session, school_id, provider, found, hosts, now=now)]
    session.flush()
    waiting = appointments_waiting_on(session, school_id, provider, changed, now=now)
    follow(session, waiting, now=now, retry=True)
    return MappingResult(**Counter(found.state for found in known), changed=len(changed))


def _match(teacher: Teacher, by_address: dict[str, list[RemoteUser]]) -> Match:
    if not teacher.email:
        return Match(teacher.contact_id, NO_EMAIL)
    candidates = by_address.get(_folded(teacher.email), [])
    if not candidates:
        return Match(teacher.contact_id, NOT_FOUND)
    user = min(candidates, key=lambda one: _BEST_FIRST.index(_state(one)))
    return Match(teacher.contact_id, _state(user), user.key, user.email, user.is_basic)


def _state(user: RemoteUser) -> str:
    if state := _STATUS_STATES.get(user.status):
        return state
    return MAPPED if user.can_host and user.key else CANNOT_HOST


def _folded(email: str) -> str:
    return email.strip().casefold()


def _hosts(session: Session, school_id: int, provider: str) -> dict[int, Host]:
    query = select(Host).where(col(Host.school_id) == school_id, col(Host.provider) == provider)
    return {host.contact_id: host for host in session.execute(query).scalars()}


def _contact_ids(session: Session, school_id: int) -> set[int | None]:
    return set(session.execute(select(col(Contact.id)).where(col(Contact.school_id) == school_id)).scalars())


def _store(
    session: Session, school_id: int, provider: str, found: Match, hosts: dict[int, Host], *, now: datetime
) -> bool:
    """Whether a link may come or go by it."""
    host = hosts.get(found.contact_id)
    if host is None:
        host = Host(
            school_id=school_id, contact_id=found.contact_id, provider=provider, state="", remote_id="", checked_at=now
        )
        session.add(host)
    is_other = (host.state, host.remote_id) != (found.state, found.remote_id)
    rule = json.dumps(asdict(found.rule)) if found.rule else ("" if is_other else host.passcode_rule)
    is_other = is_other or (bool(host.passcode_rule) and rule != host.passcode_rule)
    host.state, host.remote_id, host.remote_email = found.state, found.remote_id[:100], found.remote_email[:254]
    host.is_basic, host.passcode_rule, host.checked_at = found.is_basic, rule, now
    return is_other
