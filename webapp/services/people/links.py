"""Let whoever works for a school in by a mailed link: good for some days and one use, not used up by a look."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_, DomainError, Invalid
from webapp.models import Contact, Level, Message, School, SignInLink
from webapp.models.message.message import NEW_SIGN_IN, SIGN_IN_LINK
from webapp.services.people.accounts import login_for, tie
from webapp.services.people.sign_in import STAFF_STAYS, start_sign_in
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.rate import count_nobody, count_try, mailbox
from webapp.services.system.vault import vault_of


class DeadLink(DomainError):
    """Used, too old, replaced, of an address that has changed, or never one of ours: the words are the same."""

    message = N_("This link does not work any more. Ask for a new one.")
    status = 410


@dataclass(frozen=True)
class OpenLink:
    """A link that lets somebody in."""

    link: SignInLink
    contact: Contact
    school: School


def mail_link(session: Session, contact: Contact, *, leads_to: str = "", who: Who, now: datetime) -> None:
    """A new link for somebody of the staff, which voids those before; its mail says why, where it leads to a page of
    its own. Raises Invalid for whoever cannot sign in."""
    if contact.level < Level.VIEWER or not contact.email:
        raise Invalid(N_("A sign-in link needs an email and an admin level of Appointment Viewer or above."))
    assert contact.id is not None
    older = (col(SignInLink.contact_id) == contact.id, col(SignInLink.expires_at) > now)
    session.execute(update(SignInLink).where(*older).values(expires_at=now))
    token = secrets.token_hex(20)
    days = session.get_one(School, contact.school_id).link_days
    link = SignInLink(
        school_id=contact.school_id,
        contact_id=contact.id,
        email=contact.email,
        token_hash=_hash(token),
        created_at=now,
        expires_at=now + timedelta(days=days),
        leads_to=leads_to,
    )
    session.add(link)
    session.flush()
    _mail(session, contact, SIGN_IN_LINK, f"link:{link.id}", secret=token, now=now)
    subject = f"contact {contact.id}"
    audit.record(session, "contact.invite", who=who, school_id=contact.school_id, subject=subject, now=now)


def mail_own_link(session: Session, email: str, address: str, *, now: datetime) -> None:
    """For whoever asks at the door. Nothing tells them whether somebody has this address, nor how long it takes: for
    nobody as much is written, of which nothing comes. Raises TooManyTries."""
    count_try(session, f"link {mailbox(email)}", limit=4, per=timedelta(minutes=15), now=now)
    count_try(session, f"link from {address}", limit=60, per=timedelta(minutes=15), now=now)
    query = (
        select(Contact)
        .where(col(Contact.email) == email, col(Contact.level) >= Level.VIEWER)
        .order_by(col(Contact.level).desc(), col(Contact.id))
        .limit(1)
    )
    if contact := session.execute(query).scalar_one_or_none():
        mail_link(session, contact, who=audit.SYSTEM, now=now)
    else:
        _write_as_much(session, email, now=now)


def _write_as_much(session: Session, email: str, *, now: datetime) -> None:
    """What `mail_link` asks, writes and hashes, for nobody: a counter in place of each row."""
    nobody = (col(SignInLink.contact_id) == 0, col(SignInLink.expires_at) > now)
    session.execute(update(SignInLink).where(*nobody).values(expires_at=now))
    session.get(School, 0)
    vault_of(session).close(_hash(secrets.token_hex(20)), row=f"message {email}")
    for row in ("link", "message", "audit"):
        count_nobody(session, f"{row} for nobody", now=now)
    wake(session, "mail")


def open_link(session: Session, token: str, *, now: datetime) -> OpenLink:
    """Looks only. Raises DeadLink."""
    query = (
        select(SignInLink, Contact, School)
        .join(Contact, col(Contact.id) == col(SignInLink.contact_id))
        .join(School, col(School.id) == col(SignInLink.school_id))
        .where(col(SignInLink.token_hash) == _hash(token), *_is_good(now))
    )
    row = session.execute(query).first()
    if row is None:
        raise DeadLink
    return OpenLink(*row)


def use_link(session: Session, token: str, *, now: datetime) -> tuple[str, OpenLink]:
    """The new sign-in's secret; of two who come at once, one is let in. Its owner is told by mail. Raises DeadLink."""
    found = open_link(session, token, now=now)
    unused = (col(SignInLink.id) == found.link.id, col(SignInLink.used_at).is_(None))
    used = session.execute(update(SignInLink).where(*unused).values(used_at=now).returning(col(SignInLink.id)))
    if used.first() is None:
        raise DeadLink
    login = login_for(session, found.link.email, now=now)
    tie(found.contact, login)
    _mail(session, found.contact, NEW_SIGN_IN, f"link used:{found.link.id}", now=now)
    return start_sign_in(session, login, stays=STAFF_STAYS, by_link=True, now=now), found


def is_dead(session: Session, message: Message, *, now: datetime) -> bool:
    """Whether the link of a mail that has not left is good for nothing any more."""
    query = select(col(SignInLink.id)).join(Contact, col(Contact.id) == col(SignInLink.contact_id))
    return session.execute(query.where(col(SignInLink.id) == _number(message), *_is_good(now))).first() is None


def leads_to(session: Session, message: Message) -> str:
    """The page to which the link of a mail leads."""
    link = session.get(SignInLink, _number(message))
    return link.leads_to if link else ""


def half_hidden(email: str) -> str:
    """`fo…@linden.example`: who it is for knows it, others hardly."""
    name, _, domain = email.partition("@")
    return f"{name[:2]}…@{domain}"


def _is_good(now: datetime):  # type: ignore[no-untyped-def]  # conditions of a link beside its contact
    return (
        col(SignInLink.used_at).is_(None),
        col(SignInLink.expires_at) > now,
        col(SignInLink.email) == col(Contact.email),
        col(Contact.level) >= Level.VIEWER,
    )


def _mail(session: Session, contact: Contact, kind: str, key: str, *, secret: str = "", now: datetime) -> None:
    session.add(
        Message(
            school_id=contact.school_id,
            contact_id=contact.id,
            kind=kind,
            recipient=contact.email or "",
            dedupe_key=key,
            secret=vault_of(session).close(secret, row=f"message {key}") if secret else "",
            message_id=f"{kind}.{secrets.token_hex(8)}",
            created_at=now,
            due_at=now,
        )
    )
    wake(session, "mail")


def _number(message: Message) -> int:
    return int(message.dedupe_key.partition(":")[2])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
