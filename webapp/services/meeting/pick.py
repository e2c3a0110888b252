"""Map a teacher to a user by hand, or back to the user of the same e-mail, from what was read last."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import Contact, Host
from webapp.services.meeting.account_users import Choice, stored_users, users_by_key
from webapp.services.meeting.mapping import hold_mapping, match, picks_of, store_some
from webapp.services.meeting.teachers import may_host, teachers_to_map
from webapp.services.system import audit
from webapp.services.system.audit import Who


class UserTaken(DomainError):
    """Two teachers under one Zoom user would stand in each other's meetings: a host holds one at a time."""

    message = N_("This Zoom user belongs to %(name)s already. Two teachers cannot share one: choose another.")
    status = 409


def teacher_of(session: Session, school_id: int, contact_id: int) -> Contact:
    """Raises NotFound for who is of another school or holds no meetings."""
    query = select(Contact).where(col(Contact.id) == contact_id, col(Contact.school_id) == school_id, may_host())
    contact: Contact | None = session.execute(query).scalar_one_or_none()
    if contact is None:
        raise NotFound
    return contact


def host_of(session: Session, contact: Contact, provider: str) -> Host | None:
    query = select(Host).where(col(Host.contact_id) == contact.id, col(Host.provider) == provider)
    return session.execute(query).scalar_one_or_none()


def pick_user(session: Session, contact: Contact, provider: str, key: str, *, who: Who, now: datetime) -> None:
    """It stays through every later mapping, also when the user's address changes. The links follow (R72).

    Raises Invalid, UserTaken."""
    hold_mapping(session, contact.school_id, provider)
    user = _usable(session, contact, provider, key)
    picks = picks_of(session, contact.school_id, provider) | {contact.id or 0: user.key}
    _store(session, contact, provider, picks, now=now)
    _mark(session, contact, provider, now)
    _note(session, contact, "mapping.picked", who=who, now=now)


def unpick(session: Session, contact: Contact, provider: str, *, who: Who, now: datetime) -> None:
    """The user of the same e-mail again, if there is one; nothing where none was picked."""
    hold_mapping(session, contact.school_id, provider)
    picks = picks_of(session, contact.school_id, provider)
    if picks.pop(contact.id or 0, None) is None:
        return
    _mark(session, contact, provider, None)
    _store(session, contact, provider, picks, now=now)
    _note(session, contact, "mapping.unpicked", who=who, now=now)


def _usable(session: Session, contact: Contact, provider: str, key: str) -> Choice:
    user = users_by_key(session, contact.school_id, provider, [key], contact_id=contact.id or 0).get(key)
    if not key or user is None:
        raise Invalid(N_("This Zoom user is not in the list any more. Choose another."))
    if user.used_by:
        raise UserTaken(name=user.used_by)
    if not user.is_free:
        raise Invalid(N_("This Zoom user cannot hold meetings: it is not active, or has no licence."))
    return user


def _store(session: Session, contact: Contact, provider: str, picks: dict[int, str], *, now: datetime) -> None:
    """Only this teacher; others whom it concerns are seen at the next mapping."""
    school_id = contact.school_id
    found = match(teachers_to_map(session, school_id), stored_users(session, school_id, provider), picks)
    [mine] = [one for one in found if one.contact_id == contact.id]
    store_some(session, school_id, provider, [mine], now=now)


def _mark(session: Session, contact: Contact, provider: str, at: datetime | None) -> None:
    host = host_of(session, contact, provider)
    assert host is not None
    host.picked_at = at
    session.flush()


def _note(session: Session, contact: Contact, action: str, *, who: Who, now: datetime) -> None:
    audit.record(session, action, who=who, school_id=contact.school_id, subject=f"contact {contact.id}", now=now)
