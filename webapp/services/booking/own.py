"""Show a contact the appointments that they made, and nobody else's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, DomainError, NotFound
from webapp.models import Appointment, Contact, Event, EventSettings, Message, Slot
from webapp.models.message.message import BOOKED, CONFIRMATION, LINKS_READY
from webapp.prepared import Prepared
from webapp.services.booking.agenda import Entry, entries_of, is_for_family, prepared_agenda
from webapp.services.booking.errors import TooLateToCancel
from webapp.services.event.availability import cancelling_words
from webapp.services.message.texts import mails_all

MOST_IN_FEED = 500
"""A family has some dozens; a file that programs ask for each hour is bounded all the same."""


class AlreadyBegun(DomainError):
    message = N_("This appointment has begun, so it cannot be changed or cancelled any more.")


@dataclass(frozen=True)
class Own:
    """What stands, and what was cancelled and neither booked again nor past."""

    standing: list[Entry]
    cancelled: list[Entry]

    @property
    def sure(self) -> list[Entry]:
        """What the family comes for: without what the school has withdrawn."""
        return [entry for entry in self.standing if not entry.is_withdrawn]


def own_entries(session: Session, contact: Contact, event_id: int, *, now: datetime) -> Own:
    entries = entries_of(_OWN.all(session, _by(contact, event_id)))
    standing = [entry for entry in entries if entry.cancelled_at is None]
    again = {(entry.resource_id, entry.child) for entry in standing}
    newest: dict[tuple[int, str], Entry] = {}
    for entry in entries:
        pair = (entry.resource_id, entry.child)
        if entry.cancelled_at and entry.starts_at > now and pair not in again:
            newest[pair] = max(newest.get(pair, entry), entry, key=lambda e: e.cancelled_at or e.booked_at)
    return Own(standing, sorted(newest.values(), key=lambda entry: entry.starts_at))


def entries_of_act(session: Session, contact: Contact, event_id: int, act: str) -> list[Entry]:
    """What was booked together; empty where all of it has another time by now, since a move is an act of its own.
    Raises NotFound for another contact's act."""
    here = _by(contact, event_id) | {"act": act}
    entries = entries_of(_OF_ACT.all(session, here))
    if not entries and not _MAIL_OF_ACT.first(session, here):
        raise NotFound
    return entries


def own_entry(session: Session, contact: Contact, event_id: int, token: str) -> Entry:
    """Raises NotFound for another contact's appointment."""
    entries = entries_of(_BY_TOKEN.all(session, _by(contact, event_id) | {"token": token}))
    if not entries:
        raise NotFound
    return entries[0]


def entries_for_feed(session: Session, contact: Contact, *, now: datetime) -> list[Entry]:
    """Of all events of the school, from a month ago on, the first `MOST_IN_FEED`; cancelled ones too, since programs
    take out only what they are told of."""
    values: dict[str, object] = {"contact": contact.id, "since": now - timedelta(days=30), "most": MOST_IN_FEED}
    return entries_of(_FOR_FEED.all(session, values))


def refuse_too_late(entry: Entry, settings: EventSettings, *, now: datetime) -> None:
    """Raises AlreadyBegun, or TooLateToCancel within the limit of the event; moving is limited as cancelling is."""
    if entry.starts_at <= now:
        raise AlreadyBegun
    if not may_still_change(entry, settings, now=now):
        raise TooLateToCancel(rule=cancelling_words(settings))


def may_still_change(entry: Entry, settings: EventSettings, *, now: datetime) -> bool:
    """What the school has withdrawn can be given up at any time."""
    return entry.starts_at > now and (
        entry.is_withdrawn or now < settings.cancelling.until(entry.starts_at, entry.zone)
    )


def by_day(entries: Sequence[Entry]) -> list[tuple[date, list[Entry]]]:
    days = groupby(entries, key=lambda entry: i18n.local_day(entry.starts_at, entry.zone))
    return [(day, list(of_day)) for day, of_day in days]


def _by(contact: Contact, event_id: int) -> dict[str, object]:
    return {"contact": contact.id, "event": event_id}


def _theirs() -> ColumnElement[bool]:
    """Not what is merely held, nor what the office made against a rule and has not confirmed (PRODUCT 3.7)."""
    is_own = col(Appointment.contact_id) == bindparam("contact")
    return and_(is_own, col(Appointment.held_until).is_(None), is_for_family())


_HERE = and_(_theirs(), col(Appointment.event_id) == bindparam("event"))
_MAILED = (
    mails_all(CONFIRMATION).label("is_mailed"),
    mails_all(CONFIRMATION, LINKS_READY).label("is_link_mailed"),
)
_OWN = Prepared(prepared_agenda(_HERE).add_columns(*_MAILED))
_OF_ACT = Prepared(prepared_agenda(_HERE, col(Appointment.act) == bindparam("act")).add_columns(*_MAILED))
_MAIL_OF_ACT = Prepared(
    select(col(Message.id))
    .where(col(Message.act) == bindparam("act"), col(Message.kind).in_(BOOKED))
    .where(col(Message.contact_id) == bindparam("contact"), col(Message.event_id) == bindparam("event"))
)
_BY_TOKEN = Prepared(prepared_agenda(_HERE, col(Appointment.token) == bindparam("token")).add_columns(*_MAILED))
_FOR_FEED = Prepared(
    prepared_agenda(_theirs(), col(Slot.ends_at) > bindparam("since"), col(Event.deleted_at).is_(None)).limit(
        bindparam("most")
    )
)
