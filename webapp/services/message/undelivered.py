"""Show the office which mails were given up and why, and try them again once their cause is mended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel import Session, col

from webapp import i18n
from webapp.db import wake
from webapp.errors import N_, NotFound
from webapp.models import Contact, Event, Grant, Level, Message
from webapp.models.message.message import NEW_ADDRESS, SIGN_IN_CODE, SIGN_IN_LINK
from webapp.providers.base import REFUSED_ADDRESS, REFUSED_MAIL
from webapp.services.message.kinds import name_of
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.errand import no_problem

PER_PAGE = 50

_ADVICE = {
    REFUSED_ADDRESS: N_(
        "The address may be misspelt, closed or full. Ask the family, correct it in Contact Info, then Retry."
    ),
    REFUSED_MAIL: N_(
        "Its message says why: mostly the sender, the size or the text. Show it to whoever runs Confab, then Retry."
    ),
    "address": N_("No mail server takes an address that is written so. Correct it in Contact Info, then Retry."),
    "text": N_("Something in the text cannot be mailed. Look at the event's text and the names in it, then Retry."),
    "fault": N_("Tell whoever runs Confab, who finds the reason in its log. Retry once it is mended."),
}
_IN_VAIN = N_("It was tried for three days. Ask whoever runs Confab to look at the mail server, then Retry.")
_NEW_LINK = N_("Correct the address in Contact Info and mail a new sign-in link there. Then dismiss this one.")


@dataclass(frozen=True)
class Undelivered:
    """One mail that was given up. `email` is the contact's address by now, empty where there is none; `code` says what
    was refused, `detail` are the mail server's own words."""

    id: int
    kind: str
    what: str
    contact_id: int | None
    name: str
    recipient: str
    email: str
    event: str
    reason: str
    detail: str
    code: str
    at: datetime

    @property
    def is_mended(self) -> bool:
        return bool(self.contact_id and self.email and self.email != self.recipient)

    @property
    def can_retry(self) -> bool:
        """A sign-in link is void once the address is another."""
        return self.kind != SIGN_IN_LINK

    @property
    def advice(self) -> str:
        """A message id."""
        if not self.can_retry:
            return _NEW_LINK
        return _ADVICE.get(self.code, _IN_VAIN)


def undelivered_count(session: Session, reader: Contact) -> int:
    """For the mark in the navigation: of the school for Administrators, else of the events granted to the reader."""
    number: int = session.execute(select(func.count()).select_from(Message).where(_given_up(reader))).scalar_one()
    return number


def undelivered_mails(session: Session, reader: Contact, *, page: int = 1) -> list[Undelivered]:
    """Newest first, at most PER_PAGE."""
    query = (
        select(Message, Contact, col(Event.name))
        .outerjoin(Contact, col(Contact.id) == col(Message.contact_id))
        .outerjoin(Event, col(Event.id) == col(Message.event_id))
        .where(_given_up(reader))
        .order_by(col(Message.problem_at).desc(), col(Message.id).desc())
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    return [_undelivered(message, contact, event or "") for message, contact, event in session.execute(query)]


def reason_of(problem: str, values: str) -> str:
    """The sentence of an errand's problem."""
    return i18n.gettext(problem, **json.loads(values)) if values != "{}" else i18n.gettext(problem)


def retry_mails(session: Session, reader: Contact, number: int | None, *, who: Who, now: datetime) -> int:
    """One, or all without a number, each to the address that its contact has by now. Returns how many; what somebody
    has tried again or dismissed meanwhile is left alone, as is who has no address."""
    if number is not None:
        _refuse_foreign(session, reader, number)
    tried = 0
    for message in _locked(session, reader, number):
        if message.kind == SIGN_IN_LINK or not (address := _address(session, message)):
            continue
        message.recipient, message.due_at = address, now
        message.failing_since, message.attempts = None, 0
        for name, value in no_problem().items():
            setattr(message, name, value)
        _record(session, "mail.retry", message, who=who, now=now)
        tried += 1
    if tried:
        wake(session, "mail")
    return tried


def dismiss_mail(session: Session, reader: Contact, number: int, *, who: Who, now: datetime) -> bool:
    """It is not sent; the contact's Log goes on telling of it. False where it is no longer there."""
    _refuse_foreign(session, reader, number)
    for message in _locked(session, reader, number):
        message.dropped_at, message.secret = now, ""
        _record(session, "mail.dismiss", message, who=who, now=now)
        return True
    return False


def _refuse_foreign(session: Session, reader: Contact, number: int) -> None:
    """Raises NotFound for a mail that is not of the school, or of no event of theirs."""
    query = select(col(Message.id)).where(col(Message.id) == number, _is_theirs(reader))
    if session.execute(query).first() is None:
        raise NotFound


def _is_theirs(reader: Contact) -> ColumnElement[bool]:
    """Mails about sign-ins, and of events that are gone, are the Administrators'."""
    is_ours = col(Message.school_id) == reader.school_id
    if reader.level >= Level.ADMINISTRATOR:
        return is_ours
    granted = select(col(Grant.event_id)).where(col(Grant.contact_id) == reader.id, col(Grant.event_id).is_not(None))
    return and_(is_ours, col(Message.event_id).in_(granted))


def _given_up(reader: Contact) -> ColumnElement[bool]:
    """A code that somebody asked for is over by the time the office reads of it."""
    ended = (col(Message.due_at).is_(None), col(Message.sent_at).is_(None), col(Message.dropped_at).is_(None))
    failed = (col(Message.problem).is_not(None), col(Message.kind) != SIGN_IN_CODE)
    return and_(_is_theirs(reader), *ended, *failed)


def _locked(session: Session, reader: Contact, number: int | None) -> Sequence[Message]:
    query = select(Message).where(_given_up(reader)).order_by(col(Message.id))
    if number is not None:
        query = query.where(col(Message.id) == number)
    return session.execute(query.with_for_update()).scalars().all()


def _address(session: Session, message: Message) -> str:
    """What tells of a changed address goes to the old one, on purpose."""
    if message.contact_id is None or message.kind == NEW_ADDRESS:
        return message.recipient
    return session.get_one(Contact, message.contact_id).email or ""


def _record(session: Session, action: str, message: Message, *, who: Who, now: datetime) -> None:
    subject = f"contact {message.contact_id}" if message.contact_id else f"message {message.id}"
    detail: dict[str, Any] = {"kind": message.kind}
    audit.record(session, action, who=who, school_id=message.school_id, subject=subject, now=now, **detail)


def _undelivered(message: Message, contact: Contact | None, event: str) -> Undelivered:
    return Undelivered(
        id=message.id or 0,
        kind=message.kind,
        what=name_of(message.kind),
        contact_id=message.contact_id,
        name=contact.name if contact else "",
        recipient=message.recipient,
        email=(contact.email or "") if contact else "",
        event=event,
        reason=reason_of(message.problem or "", message.problem_values),
        detail=message.problem_detail,
        code=message.problem_code,
        at=message.problem_at or message.created_at,
    )
