"""Wish one Confirmation per act of booking (of a move it says Changed), one follow-up when its last link comes after
it, and one mail to a family whose links are others than they were told."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.models import Appointment, Message, Slot
from webapp.models.base import defaults_of, names_of, new_token, table_of
from webapp.models.message.message import BOOKED, CHANGED, CONFIRMATION, LINKS_READY, NEW_LINKS
from webapp.models.message.message_text import CANCELLATION
from webapp.prepared import Prepared, padded
from webapp.services.booking.agenda import Entry, entries_of, is_for_family, prepared_agenda, standing
from webapp.services.booking.room import MAKING
from webapp.services.booking.told import has_links_on_their_way, is_news, was_told
from webapp.services.system.errand import settled

LINKS_MAY_TAKE = timedelta(minutes=2)
"""How long a Confirmation waits for its links."""

NEW_LINKS_MAY_TAKE = timedelta(minutes=10)
"""How long a mail of new links waits for the others that are on their way to the same family."""

CANCELLED_JUST_NOW = timedelta(hours=1)
"""What was cancelled longer ago is not told any more, but for what the first mail took that could not leave."""

_BLANK = defaults_of(Message)
_INSERT = Prepared(insert(table_of(Message)), names_of(Message))
_ACTS: BindParameter[Any] = bindparam("acts", expanding=True)
_ARE_OF_ACTS = col(Appointment.act).in_(_ACTS)
_STANDING = Prepared(prepared_agenda(_ARE_OF_ACTS, standing(), is_for_family()))
_GONE = Prepared(
    prepared_agenda(_ARE_OF_ACTS, col(Appointment.cancelled_at).is_not(None), col(Slot.starts_at) > bindparam("as_of"))
)
_SCHOOL = Prepared(select(col(Appointment.school_id)).where(col(Appointment.id) == bindparam("of")))
_MESSAGES = (
    select(Message)
    .where(col(Message.act).in_(_ACTS))
    .order_by(col(Message.id))
    .with_for_update()
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Act:
    """An act of booking, and to whom it is told: its maker, the only person mailed (R60)."""

    name: str
    school_id: int
    event_id: int
    contact_id: int
    recipient: str


def wish_messages(session: Session, acts: Collection[str], *, left: Collection[str] = (), now: datetime) -> None:
    """`left` are acts whose appointments are of others by now, since they were moved."""
    acts = {*acts, *left}
    letters: dict[str, list[Message]] = {act: [] for act in acts}
    for message in _messages(session, acts):
        letters[message.act].append(message)
    knew = {mail.contact_id for act in left for mail in letters[act] if mail.kind == CHANGED or _has_left(mail)}
    by_act: dict[str, list[Entry]] = {act: [] for act in acts}
    for entry in entries_of(_STANDING.all(session, {"acts": padded([*acts])})):
        by_act[entry.act].append(entry)
    for act, entries in by_act.items():
        if entries and not letters[act]:
            kind = CHANGED if entries[0].contact_id in knew else CONFIRMATION
            letters[act].append(_first(session, kind, entries))
        for message in letters[act]:
            _set_due(session, message, entries, now=now)
    _wish_new_links(session, letters, by_act, now=now)
    _wish_cancellations(session, letters, now=now)
    session.flush()


def wish_first_confirmation(session: Session, act: Act, *, has_links_to_come: bool, now: datetime) -> None:
    """For an act of booking of this transaction: nothing can be written about it yet."""
    columns = _columns(CONFIRMATION, act, now=now, wait_until=now + LINKS_MAY_TAKE)
    if not act.recipient:
        columns["dropped_at"] = now
    elif has_links_to_come:
        columns["due_at"] = columns["wait_until"]
    else:
        columns["due_at"] = now
        wake(session, "mail")
    _INSERT.change(session, columns)


def _messages(session: Session, acts: Collection[str]) -> Iterable[Message]:
    """Locked before the links are read: of two that arrive at once, the second has to see the first."""
    return session.execute(_MESSAGES, {"acts": [*acts]}).scalars()


def _first(session: Session, kind: str, entries: list[Entry]) -> Message:
    first = entries[0]
    since = max(entry.confirmed_at or entry.booked_at for entry in entries)
    school_id = _SCHOOL.first(session, {"of": first.id}).school_id
    message = new_message(
        kind=kind,
        school_id=school_id,
        entry=first,
        now=since,
        wait_until=since + LINKS_MAY_TAKE,
    )
    session.add(message)
    return message


def new_message(*, kind: str, school_id: int, entry: Entry, now: datetime, wait_until: datetime) -> Message:
    act = Act(entry.act, school_id, entry.event_id, entry.contact_id, entry.email or "")
    return letter_of(kind, act, now=now, wait_until=wait_until)


def letter_of(kind: str, act: Act, *, now: datetime, wait_until: datetime | None = None) -> Message:
    """Not due yet."""
    return Message(**_columns(kind, act, now=now, wait_until=wait_until or now))


def _columns(kind: str, act: Act, *, now: datetime, wait_until: datetime) -> dict[str, Any]:
    return _BLANK | {
        "school_id": act.school_id,
        "contact_id": act.contact_id,
        "event_id": act.event_id,
        "kind": kind,
        "recipient": act.recipient,
        "dedupe_key": f"{kind}:{act.name}",
        "act": act.name,
        "wait_until": wait_until,
        "message_id": f"{kind}.{act.name}",
        "created_at": now,
    }


def _wish_new_links(
    session: Session, letters: dict[str, list[Message]], by_act: dict[str, list[Entry]], *, now: datetime
) -> None:
    """One mail to each family, however many of its links are new; a Confirmation that is still to leave says them."""
    told = [act for act in by_act if all(m.sent_at or m.dropped_at for m in letters[act] if m.kind != CANCELLATION)]
    families = {(entry.contact_id, entry.event_id): entry for act in told for entry in by_act[act]}
    news = {
        (entry.contact_id, entry.event_id)
        for act in told
        for entry in by_act[act]
        if is_news(entry) and not entry.is_withdrawn
    }
    for family, entry in sorted(families.items()):
        message = _waiting_for(session, *family)
        if message is None and family in news and entry.email:
            message = _new_links(session, letters[entry.act][0].school_id, entry, now=now)
        if message is not None:
            session.flush()
            is_early = has_links_on_their_way(session, *family)
            message.due_at = message.wait_until if is_early else now
            wake(session, "mail")


def _wish_cancellations(session: Session, letters: dict[str, list[Message]], *, now: datetime) -> None:
    """One mail for each appointment that was cancelled after a mail had spoken of it, or would have if the office
    mailed any; what was cancelled before that is not mailed either."""
    told = {act: firsts[0] for act, mails in letters.items() if (firsts := [m for m in mails if _has_left(m)])}
    if not told:
        return
    known = {message.dedupe_key for mails in letters.values() for message in mails}
    for entry in entries_of(_GONE.all(session, {"acts": padded([*told]), "as_of": now})):
        first = told[entry.act]
        is_known = (was_told(entry) and not _was_refused(first)) or _left_before(first, entry)
        if is_known and _is_recent(first, entry, now=now) and entry.email and f"{CANCELLATION}:{entry.id}" not in known:
            act = Act(entry.act, first.school_id, entry.event_id, entry.contact_id, entry.email)
            columns = _columns(CANCELLATION, act, now=now, wait_until=now)
            name = {"dedupe_key": f"{CANCELLATION}:{entry.id}", "message_id": f"{CANCELLATION}.{entry.token}"}
            session.add(Message(**columns | name | {"due_at": now}))
            wake(session, "mail")


def _has_left(message: Message) -> bool:
    """Of the first mail of an act: it was sent, or dropped."""
    return message.kind in BOOKED and bool(message.sent_at or message.dropped_at)


def _is_recent(message: Message, entry: Entry, *, now: datetime) -> bool:
    """Cancelled just now, or while the first mail was being tried."""
    since = (message.failing_since or now) - CANCELLED_JUST_NOW
    return bool(entry.cancelled_at and entry.cancelled_at > since)


def _was_refused(message: Message) -> bool:
    """A Confirmation that was given up at its only try: nobody can have read it."""
    is_first_try = message.problem_at == message.failing_since
    return message.kind == CONFIRMATION and message.problem is not None and is_first_try


def _left_before(message: Message, entry: Entry) -> bool:
    """Also dropped, although there was something to tell."""
    left = message.sent_at or message.dropped_at
    return bool(left and entry.cancelled_at and left < entry.cancelled_at)


def _waiting_for(session: Session, contact_id: int, event_id: int) -> Message | None:
    query = (
        select(Message)
        .where(col(Message.contact_id) == contact_id, col(Message.event_id) == event_id)
        .where(col(Message.kind) == NEW_LINKS, col(Message.sent_at).is_(None), col(Message.dropped_at).is_(None))
        .where(col(Message.claim).is_(None), col(Message.problem).is_(None))
    )
    return session.execute(query.order_by(col(Message.id)).limit(1).with_for_update()).scalar_one_or_none()


def _new_links(session: Session, school_id: int, entry: Entry, *, now: datetime) -> Message:
    act = Act(new_token(), school_id, entry.event_id, entry.contact_id, entry.email or "")
    message = letter_of(NEW_LINKS, act, now=now, wait_until=now + NEW_LINKS_MAY_TAKE)
    session.add(message)
    return message


def _set_due(session: Session, message: Message, entries: list[Entry], *, now: datetime) -> None:
    """A mail that has left or is leaving is left alone, as is one that was refused and has something to tell: its next
    try is the job's."""
    if message.sent_at or message.dropped_at or message.claim or message.kind == CANCELLATION:
        return
    if message.problem and entries:
        return
    if not entries or not message.recipient:
        _drop(message, now=now)
        return
    is_waiting = any(entry.room.state == MAKING for entry in entries)
    if not is_waiting:
        message.due_at = min(message.due_at or now, now)
        wake(session, "mail")
    elif message.kind == LINKS_READY and message.wait_until and message.wait_until <= now:
        message.due_at = None
    else:
        message.due_at = message.wait_until


def _drop(message: Message, *, now: datetime) -> None:
    """One that was given up keeps its reason: the contact's Log goes on telling of it."""
    is_given_up = message.problem and message.due_at is None
    for name, value in ({} if is_given_up else settled()).items():
        setattr(message, name, value)
    message.dropped_at = now
