"""Match a school's teachers with a provider's users, by hand or else by e-mail, and keep what came of it."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlmodel import Session, col

from webapp.models import Connection, Contact, Host
from webapp.models.meeting.host import CANNOT_HOST, INACTIVE, MAPPED, NO_EMAIL, NOT_FOUND, PENDING, TAKEN, VANISHED
from webapp.providers.base import PasscodeRule, RemoteUser
from webapp.services.booking.consequences import follow
from webapp.services.meeting.affected import appointments_waiting_on
from webapp.services.meeting.suggest import Suggestions
from webapp.services.meeting.teachers import Teacher

_STATUS_STATES = {"inactive": INACTIVE, "pending": PENDING}
_BEST_FIRST = (MAPPED, CANNOT_HOST, INACTIVE, PENDING)
"""Which of several users with one address counts."""
_WITHOUT_USER = frozenset({NOT_FOUND, NO_EMAIL, TAKEN, VANISHED})


@dataclass(frozen=True)
class Match:
    """What a teacher is at the provider. `rule` is None where the passcode rule was not read."""

    contact_id: int
    state: str
    remote_id: str = ""
    remote_email: str = ""
    is_basic: bool = False
    rule: PasscodeRule | None = None
    suggested: tuple[str, ...] = ()


@dataclass(frozen=True)
class MappingResult:
    """How many teachers stand where, and how many of them changed."""

    mapped: int = 0
    pending: int = 0
    inactive: int = 0
    not_found: int = 0
    no_email: int = 0
    cannot_host: int = 0
    vanished: int = 0
    taken: int = 0
    changed: int = 0


def match(
    teachers: Collection[Teacher], users: Iterable[RemoteUser], picks: Mapping[int, str] | None = None
) -> list[Match]:
    """What was picked by hand stands by the user's id (`picks`, by contact); all others by address, whatever its case
    (R14). No user is given to two teachers: one who was picked is nobody else's."""
    known, chosen = list(users), dict(picks or {})
    directory = _Directory(known, set(chosen.values()))
    found = [directory.match(teacher, chosen.get(teacher.contact_id)) for teacher in teachers]
    if not any(one.state in _WITHOUT_USER for one in found):
        return found
    suggestions = Suggestions(known, directory.given)
    return [_with_suggestions(*both, suggestions) for both in zip(teachers, found, strict=True)]


def store_matches(
    session: Session, school_id: int, provider: str, matches: Collection[Match], *, now: datetime
) -> MappingResult:
    """Rows that are right stay as they are. The appointments of teachers of whom something changed get their links
    without anybody's action (R72)."""
    hold_mapping(session, school_id, provider)
    session.execute(update(Connection).where(_mine(school_id, provider)).values(mapped_at=now))
    return store_some(session, school_id, provider, matches, now=now)


def hold_mapping(session: Session, school_id: int, provider: str) -> None:
    """Who changes a school's mapping locks its connection first: two runs, or a run and a pick, come one by one."""
    session.execute(select(col(Connection.id)).where(_mine(school_id, provider)).with_for_update()).all()


def picks_of(session: Session, school_id: int, provider: str) -> dict[int, str]:
    """The users picked by hand, by contact."""
    query = select(col(Host.contact_id), col(Host.remote_id)).where(
        col(Host.school_id) == school_id, col(Host.provider) == provider, col(Host.picked_at).is_not(None)
    )
    return {row.contact_id: row.remote_id for row in session.execute(query)}


def store_some(
    session: Session, school_id: int, provider: str, matches: Collection[Match], *, now: datetime
) -> MappingResult:
    """Of the teachers who were looked at; the mapping is held already."""
    hosts = _hosts(session, school_id, provider)
    contacts = _contact_ids(session, school_id)
    known = [found for found in matches if found.contact_id in contacts]  # some may have been deleted meanwhile
    changed = [found.contact_id for found in known if _store(session, school_id, provider, found, hosts, now=now)]
    session.flush()
    waiting = appointments_waiting_on(session, school_id, provider, changed, now=now)
    follow(session, waiting, now=now, retry=True)
    return MappingResult(**Counter(found.state for found in known), changed=len(changed))


class _Directory:
    """The account's users by id and address, and who of them is given to a teacher already."""

    def __init__(self, users: Iterable[RemoteUser], picked: set[str]) -> None:
        self.given = picked
        self._by_key: dict[str, RemoteUser] = {}
        self._by_address: dict[str, list[RemoteUser]] = {}
        for user in users:
            if user.key:
                self._by_key[user.key] = user
            self._by_address.setdefault(_folded(user.email), []).append(user)

    def match(self, teacher: Teacher, picked: str | None) -> Match:
        if picked is not None:
            user = self._by_key.get(picked)
            return _found(teacher, user) if user else Match(teacher.contact_id, VANISHED, picked)
        if not teacher.email:
            return Match(teacher.contact_id, NO_EMAIL)
        candidates = self._by_address.get(_folded(teacher.email), [])
        if not candidates:
            return Match(teacher.contact_id, NOT_FOUND)
        free = [user for user in candidates if user.key not in self.given]
        if not free:
            return Match(teacher.contact_id, TAKEN)
        return self._give(teacher, min(free, key=lambda one: _BEST_FIRST.index(_state(one))))

    def _give(self, teacher: Teacher, user: RemoteUser) -> Match:
        if user.key:
            self.given.add(user.key)
        return _found(teacher, user)


def _found(teacher: Teacher, user: RemoteUser) -> Match:
    return Match(teacher.contact_id, _state(user), user.key, user.email, user.is_basic)


def _with_suggestions(teacher: Teacher, found: Match, suggestions: Suggestions) -> Match:
    if found.state not in _WITHOUT_USER:
        return found
    return replace(found, suggested=tuple(user.key for user in suggestions.for_teacher(teacher)))


def _mine(school_id: int, provider: str) -> ColumnElement[bool]:
    return and_(col(Connection.school_id) == school_id, col(Connection.provider) == provider)


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
    host.state, host.remote_id = found.state, found.remote_id[:100]
    host.remote_email = host.remote_email if found.state == VANISHED else found.remote_email[:254]
    host.suggested = json.dumps(found.suggested)
    host.is_basic, host.passcode_rule, host.checked_at = found.is_basic, rule, now
    return is_other
