"""Take passwords of staff away, end their sign-ins, and mail each a link to choose a new one: there is no default
password that all share (RELIABILITY T9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotAllowed
from webapp.models import Contact, Login
from webapp.services.people.links import mail_link
from webapp.services.system import audit
from webapp.services.system.audit import Who


@dataclass(frozen=True)
class Reset:
    """Who is mailed a link. `kept` are those of them who work for another school too, or are parents there: only they
    themselves change the password that opens both."""

    people: tuple[Contact, ...]
    kept: frozenset[int]


def look_at(session: Session, editor: Contact, people: Sequence[Contact]) -> Reset:
    """Of those chosen, everybody else who has an address. Raises Invalid for nobody."""
    others = tuple(one for one in people if one.id != editor.id and one.email)
    if not others:
        raise Invalid(N_("None of them has an email, or it is you alone: choose your own password in Change Password."))
    logins = {one.login_id: one.id or 0 for one in others if one.login_id is not None}
    is_elsewhere = col(Contact.school_id) != editor.school_id
    query = select(col(Contact.login_id)).where(col(Contact.login_id).in_(logins), is_elsewhere)
    shared = set(session.execute(query).scalars())
    return Reset(others, frozenset(number for login, number in logins.items() if login in shared))


def reset_passwords(session: Session, editor: Contact, people: Sequence[Contact], *, who: Who, now: datetime) -> Reset:
    """Raises NotAllowed for somebody above the editor, Invalid for nobody."""
    reset = look_at(session, editor, people)
    if any(one.level > editor.level for one in reset.people):
        raise NotAllowed
    ending = [one.login_id for one in reset.people if one.login_id is not None and one.id not in reset.kept]
    gone = {"password_hash": None, "password_school_id": None, "epoch": col(Login.epoch) + 1}
    session.execute(update(Login).where(col(Login.id).in_(ending)).values(gone))
    for one in reset.people:
        mail_link(session, one, who=who, now=now)
        subject, is_kept = f"contact {one.id}", one.id in reset.kept
        audit.record(session, "contact.reset", who=who, school_id=one.school_id, subject=subject, kept=is_kept, now=now)
    return reset
