"""Keep the account's users as they were read last, and find one among thousands."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlmodel import Session, col

from webapp.models import AccountUser, Contact, Host
from webapp.models.base import table_of
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import RemoteUser

MOST_SHOWN = 50


@dataclass(frozen=True)
class Choice:
    """A user who may be picked; `used_by` names the other teacher who has it, and is empty for a free one."""

    key: str
    email: str
    name: str
    status: str
    can_host: bool
    is_basic: bool
    used_by: str

    @property
    def is_free(self) -> bool:
        return not self.used_by and self.can_host and self.status == "active"


def distinct(users: Iterable[RemoteUser]) -> list[RemoteUser]:
    """Each once: pages may overlap when Zoom's list changes, or when it is begun anew."""
    return list({(user.key or user.email.casefold()): user for user in users}.values())


def store_users(session: Session, school_id: int, provider: str, users: Iterable[RemoteUser]) -> None:
    """In place of what was read before; two statements, however many users."""
    session.execute(delete(AccountUser).where(_of(school_id, provider)))
    if rows := [_row(school_id, provider, user) for user in distinct(users)]:
        session.execute(insert(table_of(AccountUser)), rows)


def stored_users(session: Session, school_id: int, provider: str) -> list[RemoteUser]:
    found = session.execute(select(AccountUser).where(_of(school_id, provider)).order_by(col(AccountUser.id))).scalars()
    return [RemoteUser(u.remote_id, u.email, u.name, u.status, u.can_host, u.is_basic) for u in found]


def sought_users(session: Session, school_id: int, provider: str, words: str, *, contact_id: int) -> list[Choice]:
    """All words have to be in name or email; at most MOST_SHOWN, by name."""
    wanted = [col(AccountUser.sought).contains(word, autoescape=True) for word in words.casefold().split()[:5]]
    in_order = (col(AccountUser.sought), col(AccountUser.id))
    return _choices(session, school_id, provider, *wanted, contact_id=contact_id, order=in_order)


def users_by_key(
    session: Session, school_id: int, provider: str, keys: Collection[str], *, contact_id: int = 0
) -> dict[str, Choice]:
    is_one = col(AccountUser.remote_id).in_(keys)
    found = _choices(session, school_id, provider, is_one, contact_id=contact_id, limit=len(keys)) if keys else []
    return {choice.key: choice for choice in found}


def _choices(
    session: Session,
    school_id: int,
    provider: str,
    *wanted: ColumnElement[bool],
    contact_id: int,
    order: tuple[Any, ...] = (),
    limit: int = MOST_SHOWN,
) -> list[Choice]:
    is_used = (
        (col(Host.school_id) == school_id)
        & (col(Host.provider) == provider)
        & (col(Host.remote_id) == col(AccountUser.remote_id))
        & ((col(Host.state) == MAPPED) | col(Host.picked_at).is_not(None))
        & (col(Host.contact_id) != contact_id)
    )
    query = (
        select(AccountUser, Contact)
        .outerjoin(Host, is_used)
        .outerjoin(Contact, col(Contact.id) == col(Host.contact_id))
        .where(_of(school_id, provider), col(AccountUser.remote_id) != "", *wanted)
        .order_by(*order)
        .limit(limit)
    )
    return [_choice(user, other) for user, other in session.execute(query)]


def _choice(user: AccountUser, other: Contact | None) -> Choice:
    used_by = other.name if other else ""
    return Choice(user.remote_id, user.email, user.name, user.status, user.can_host, user.is_basic, used_by)


def _of(school_id: int, provider: str) -> ColumnElement[bool]:
    return (col(AccountUser.school_id) == school_id) & (col(AccountUser.provider) == provider)


def _row(school_id: int, provider: str, user: RemoteUser) -> dict[str, object]:
    sought = f"{user.name} {user.email}".casefold()[:460]
    return {
        "school_id": school_id,
        "provider": provider,
        "remote_id": user.key[:100],
        "email": user.email[:254],
        "name": user.name[:200],
        "status": user.status,
        "can_host": user.can_host,
        "is_basic": user.is_basic,
        "sought": sought,
    }
