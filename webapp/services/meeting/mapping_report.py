"""Show how each teacher stands at the provider, for the mapping dialog and its list."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlmodel import Session, col

from webapp.models import Connection, Contact, Host
from webapp.models.meeting.host import CANNOT_HOST, INACTIVE, MAPPED, NO_EMAIL, NOT_FOUND, PENDING, TAKEN, VANISHED
from webapp.services.meeting.account_users import Choice, users_by_key
from webapp.services.meeting.teachers import may_host
from webapp.services.people.name_order import by_name

NOT_MAPPED = "not_mapped"
"""New since the last mapping."""


@dataclass(frozen=True)
class MappingRow:
    """One teacher: the address here, the one at the provider, and where that leaves them."""

    contact_id: int
    name: str
    email: str
    remote_email: str
    remote_id: str
    state: str
    is_basic: bool
    checked_at: datetime | None
    is_picked: bool = False
    suggested: tuple[Choice, ...] = ()

    @property
    def is_mapped(self) -> bool:
        return self.state == MAPPED


@dataclass(frozen=True)
class MappingReport:
    mapped_at: datetime | None
    rows: tuple[MappingRow, ...]

    @property
    def mapped(self) -> int:
        return self.count(MAPPED)

    @property
    def unmapped(self) -> int:
        return len(self.rows) - self.mapped

    @property
    def pending(self) -> int:
        return self.count(PENDING)

    @property
    def inactive(self) -> int:
        return self.count(INACTIVE)

    @property
    def not_found(self) -> int:
        return self.count(NOT_FOUND)

    @property
    def no_email(self) -> int:
        return self.count(NO_EMAIL)

    @property
    def cannot_host(self) -> int:
        return self.count(CANNOT_HOST)

    @property
    def vanished(self) -> int:
        return self.count(VANISHED)

    @property
    def taken(self) -> int:
        return self.count(TAKEN)

    @property
    def not_mapped(self) -> int:
        return self.count(NOT_MAPPED)

    @property
    def basic(self) -> int:
        """Free users, whose meetings end after 40 minutes (R58)."""
        return sum(row.is_basic and row.is_mapped for row in self.rows)

    def count(self, state: str) -> int:
        return sum(row.state == state for row in self.rows)


def mapping_report(session: Session, school_id: int, provider: str) -> MappingReport:
    """Three queries, however many teachers."""
    mine = (col(Connection.school_id) == school_id, col(Connection.provider) == provider)
    mapped_at = session.execute(select(col(Connection.mapped_at)).where(*mine)).scalar_one_or_none()
    is_host = and_(col(Host.contact_id) == col(Contact.id), col(Host.provider) == provider)
    query = (
        select(Contact, Host)
        .outerjoin(Host, is_host)
        .where(col(Contact.school_id) == school_id, may_host())
        .order_by(*by_name(Contact))
    )
    found = [(contact, host) for contact, host in session.execute(query)]
    users = suggestions_of(session, school_id, provider, (host for _, host in found if host))
    return MappingReport(mapped_at, tuple(_row(contact, host, users) for contact, host in found))


def mapping_row(session: Session, contact: Contact, provider: str) -> MappingRow:
    """Of one teacher."""
    query = select(Host).where(col(Host.contact_id) == contact.id, col(Host.provider) == provider)
    host: Host | None = session.execute(query).scalar_one_or_none()
    return _row(contact, host, suggestions_of(session, contact.school_id, provider, [host] if host else []))


def suggestions_of(session: Session, school_id: int, provider: str, hosts: Iterable[Host]) -> dict[str, Choice]:
    """The users who are suggested for any of the hosts, by id: one query."""
    keys = {key for host in hosts for key in suggested_keys(host)}
    return users_by_key(session, school_id, provider, sorted(keys))


def suggested_keys(host: Host | None) -> list[str]:
    return json.loads(host.suggested) if host else []


def _row(contact: Contact, host: Host | None, users: dict[str, Choice]) -> MappingRow:
    keys = suggested_keys(host)
    assert contact.id is not None
    return MappingRow(
        contact_id=contact.id,
        name=contact.name,
        email=contact.email or "",
        remote_email=host.remote_email if host else "",
        remote_id=host.remote_id if host else "",
        state=host.state if host else NOT_MAPPED,
        is_basic=bool(host and host.is_basic),
        checked_at=host.checked_at if host else None,
        is_picked=bool(host and host.picked_at),
        suggested=tuple(users[key] for key in keys if key in users and users[key].is_free),
    )
