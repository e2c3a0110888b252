"""Keep what became of a mail, and wish the follow-up that a Confirmation without all its links owes."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from webapp.documents.paper import Unprintable
from webapp.documents.press import Press
from webapp.errors import ProviderError
from webapp.i18n import gettext, speaking
from webapp.models import Appointment, Contact, Meeting, Message
from webapp.models.message.message import (
    BOOKED,
    INVITES,
    LINKS_READY,
    NEW_LINKS,
    NEW_ROOMS,
    OFFICE_MAIL,
    SIGN_IN_CODE,
    SIGN_IN_LINK,
    TEST,
)
from webapp.models.message.message_text import CALENDAR, CANCELLATION, REMINDER, RESOURCE
from webapp.providers.base import Attachment, Mail
from webapp.services.booking.agenda import Entry
from webapp.services.booking.room import MAKING
from webapp.services.booking.told import is_elsewhere, is_news, keep_told
from webapp.services.booking.wish_messages import new_message, wish_messages
from webapp.services.message.about import appointment_told, entries_of
from webapp.services.message.calendar_entries import keep_sequence
from webapp.services.message.compose import Draft, compose
from webapp.services.message.hold_mails import is_held, put_aside
from webapp.services.message.kinds import OF_EVENT
from webapp.services.message.preview import test_mail
from webapp.services.message.texts import texts_of
from webapp.services.people.codes import MINUTES
from webapp.services.people.links import is_dead
from webapp.services.system.errand import Claim, failed, settled, write_if_ours

log = logging.getLogger(__name__)

FOLLOW_UP_WITHIN = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(hours=72)
_OUT_OF_STEP = timedelta(seconds=10)
"""A link and a mail take their times before they take their turns: by so much the later may look the earlier."""


def next_mail(session: Session, claim: Claim, *, base_url: str, sender: str = "", now: datetime) -> Draft | None:
    """What to send for a claimed message, or None where it is not ours or has nothing to tell any more."""
    _lock_appointments(session, claim)
    message = session.get_one(Message, claim.id, with_for_update=True, populate_existing=True)
    if message.claim != claim.receipt:
        return None
    if is_held(session, message):
        write_if_ours(session, Message, claim, **put_aside(now))
        return None
    entries = entries_of(session, message, now=now) if message.kind != TEST else []
    is_waiting = any(entry.room.state == MAKING for entry in entries)
    if message.kind == LINKS_READY and is_waiting and not _has_news(session, message):
        write_if_ours(session, Message, claim, due_at=None, claim=None)
        return None
    draft = None
    if _is_addressed(session, message) and not _is_stale(session, message, entries, now=now):
        if entries and message.event_id:
            keep_sequence(session, entries, version=texts_of(session, message.event_id)[CALENDAR].version)
        draft = _draft(session, message, base_url=base_url, sender=sender, now=now)
    if draft is None:
        _drop(session, message, claim, now=now)
        return None
    if message.kind not in {CANCELLATION, RESOURCE}:
        keep_told(session, entries)
    if message.kind in BOOKED:
        # The stamp says that it leaves without some link, which may arrive while it is on its way.
        write_if_ours(session, Message, claim, attempt_at=now if is_waiting else None)
    elif message.kind in {NEW_LINKS, NEW_ROOMS}:
        # The stamp says that what is noted as told is told by this mail, also at its next try.
        write_if_ours(session, Message, claim, attempt_at=now)
    return draft


def _drop(session: Session, message: Message, claim: Claim, *, now: datetime) -> None:
    """What was cancelled while it was being tried is told by another mail."""
    write_if_ours(session, Message, claim, **settled(), secret="", dropped_at=now)
    if message.kind in BOOKED:
        wish_messages(session, [message.act], now=now)


def _draft(session: Session, message: Message, *, base_url: str, sender: str, now: datetime) -> Draft | None:
    if message.kind == TEST:
        return Draft(*test_mail(session, message, base_url=base_url, now=now))
    return compose(session, message, base_url=base_url, sender=sender, now=now)


def _is_addressed(session: Session, message: Message) -> bool:
    """To the address that its contact has by now, for it may have waited for days; False where they have none, or are
    a teacher who was deleted. Codes and sign-in links are good for the address that they were made for, and a changed
    one is told to the former."""
    if message.contact_id is None:
        return message.kind != RESOURCE
    if message.kind not in {*OF_EVENT, OFFICE_MAIL}:
        return True
    email = session.get_one(Contact, message.contact_id).email
    message.recipient = email or message.recipient
    return bool(email)


def finished(draft: Draft, press: Press) -> Mail:
    """With its PDF, printed while no transaction is open. A mail without one still has every link: it goes out all the
    same."""
    if not draft.schedule:
        return draft.mail
    try:
        content = press.print(draft.schedule)
    except Unprintable as error:
        log.warning("the schedule could not be printed", extra={"reason": str(error.values["reason"])})
        return draft.mail
    with speaking(draft.language):
        name = f"{gettext('Printable Schedule')}.pdf"
    return replace(draft.mail, attachments=(*draft.mail.attachments, Attachment(name, "application/pdf", content)))


def _lock_appointments(session: Session, claim: Claim) -> None:
    """Before the message, as `follow` does: in the other order each would wait for the other."""
    its = select(*(col(getattr(Message, name)) for name in ("act", "contact_id", "event_id", "kind", "dedupe_key")))
    message: Any = session.execute(its.where(col(Message.id) == claim.id)).one()
    family = (col(Appointment.contact_id) == message.contact_id, col(Appointment.event_id) == message.event_id)
    about: tuple[ColumnElement[bool], ...] = (col(Appointment.act) == message.act,)
    if message.kind in {NEW_LINKS, NEW_ROOMS, REMINDER, INVITES}:
        about = family
    elif message.kind == RESOURCE:
        about = (col(Appointment.id) == appointment_told(message),)
    if message.kind != SIGN_IN_CODE:
        rows = select(col(Appointment.id)).where(*about).order_by(col(Appointment.id))
        session.execute(rows.with_for_update(key_share=True)).all()


def store_sent(session: Session, claim: Claim, *, now: datetime) -> None:
    message = session.get_one(Message, claim.id, with_for_update=True, populate_existing=True)
    left_without_links_at = message.attempt_at
    if not write_if_ours(session, Message, claim, **settled(), sent_at=now, secret=""):
        return
    if message.kind not in BOOKED:
        return
    if left_without_links_at:
        _owe_links(session, message, since=left_without_links_at, now=now)
    # What was cancelled while it was printed or on its way is told by another mail.
    wish_messages(session, [message.act], now=now)


def _owe_links(session: Session, message: Message, *, since: datetime, now: datetime) -> None:
    entries = entries_of(session, message, now=now)
    if entries:
        until = now + FOLLOW_UP_WITHIN
        session.add(
            new_message(kind=LINKS_READY, school_id=message.school_id, entry=entries[0], now=since, wait_until=until)
        )
        session.flush()


def store_unsent(session: Session, claim: Claim, error: ProviderError, *, now: datetime) -> None:
    """Passing troubles are tried again for three days, after growing pauses; a refused address is given up at once.
    What was given up stands in Undelivered mails. What was cancelled meanwhile is told by another mail."""
    message = session.get_one(Message, claim.id)
    since = message.failing_since or now
    columns = failed(error, attempts=message.attempts, now=now) | {"failing_since": since}
    if now - since > GIVE_UP_AFTER:
        columns["due_at"] = None
    if write_if_ours(session, Message, claim, **columns) and message.kind in BOOKED:
        wish_messages(session, [message.act], now=now)


def _is_stale(session: Session, message: Message, entries: Sequence[Entry], *, now: datetime) -> bool:
    """A code or a sign-in link that is no longer good, a follow-up when what it was to tell of has gone, new links or
    rooms that another mail has told meanwhile, or what was held until all that it tells of was over."""
    if message.kind in OF_EVENT and entries and all(entry.ends_at <= now for entry in entries):
        return True
    if message.kind in {NEW_LINKS, NEW_ROOMS}:
        is_other = is_news if message.kind == NEW_LINKS else is_elsewhere
        return message.attempt_at is None and not any(is_other(entry) for entry in entries)
    if message.kind == SIGN_IN_CODE:
        return now - message.created_at > timedelta(minutes=MINUTES)
    if message.kind == SIGN_IN_LINK:
        return is_dead(session, message, now=now)
    return message.kind == LINKS_READY and not _has_news(session, message)


def _has_news(session: Session, message: Message) -> bool:
    """Whether a link came since the Confirmation went; without one the follow-up waits for the last link."""
    query = (
        select(col(Meeting.id))
        .join(Appointment, col(Appointment.id) == col(Meeting.appointment_id))
        .where(col(Appointment.act) == message.act, col(Appointment.cancelled_at).is_(None))
        .where(col(Meeting.linked_at) >= message.created_at - _OUT_OF_STEP)
    )
    return session.execute(query.limit(1)).first() is not None
