"""Wish one reminder to each family for each day and lead time, while what it is about is still to come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from webapp import i18n
from webapp.db import wake
from webapp.models import Appointment, Event, Message, Slot
from webapp.models.base import defaults_of, table_of
from webapp.models.message.message import BOOKED
from webapp.models.message.message_text import REMINDER
from webapp.services.booking.agenda import Entry, agenda, is_sure, standing
from webapp.services.message.texts import LONGEST_LEAD, texts_of

_TABLE = table_of(Message)
# Several processes look at once: the first one's row stands (RELIABILITY I13).
_INSERT = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
}


@dataclass(frozen=True)
class Due:
    """A family's day of an event, `lead` hours before the first appointment that it had by then."""

    entry: Entry
    day: date
    lead: int

    @property
    def name(self) -> str:
        return f"{REMINDER}:{self.entry.event_id}:{self.entry.contact_id}:{self.day.isoformat()}:{self.lead}"


def events_ahead(session: Session, *, now: datetime) -> list[int]:
    """Those with times in reach of the longest lead."""
    soon = (col(Slot.starts_at) > now, col(Slot.starts_at) <= now + timedelta(hours=LONGEST_LEAD))
    query = select(col(Slot.event_id)).where(*soon).distinct().order_by(col(Slot.event_id))
    return list(session.execute(query).scalars())


def due_reminders(session: Session, event_id: int, *, now: datetime) -> list[Due]:
    """Not yet wished. Of several leads that have passed only the last counts: two reminders at once help nobody."""
    text = texts_of(session, event_id)[REMINDER]
    if not text.is_on or not text.lead_hours:
        return []
    until = now + timedelta(hours=max(text.lead_hours))
    coming = (col(Appointment.event_id) == event_id, col(Slot.starts_at) > now, col(Slot.starts_at) <= until)
    entries = agenda(session, *coming, standing(), is_sure())
    shown = _first_shown(session, entries)
    due = _one_a_day(one for entry in entries if (one := _due(entry, text.lead_hours, shown.get(entry.act), now=now)))
    names = select(col(Message.dedupe_key)).where(col(Message.dedupe_key).in_([one.name for one in due]))
    wished = set(session.execute(names).scalars())
    return [one for one in due if one.name not in wished]


def wish_reminders(session: Session, due: Iterable[Due], *, now: datetime) -> int:
    n = 0
    for one in due:
        school_id = session.get_one(Event, one.entry.event_id).school_id
        columns = defaults_of(Message) | {
            "school_id": school_id,
            "contact_id": one.entry.contact_id,
            "event_id": one.entry.event_id,
            "kind": REMINDER,
            "recipient": one.entry.email,
            "dedupe_key": one.name,
            "message_id": one.name.replace(":", "."),
            "created_at": now,
            "due_at": now,
        }
        session.connection().execute(_INSERT[session.connection().dialect.name], columns)
        n += 1
    if n:
        wake(session, "mail")
    return n


def _first_shown(session: Session, entries: Iterable[Entry]) -> dict[str, datetime]:
    """By act, of what the office has confirmed: since when the family can know of it. What broke a rule they did not
    see before; its first mail was wished when it was confirmed."""
    acts = [entry.act for entry in entries if entry.confirmed_at]
    if not acts:
        return {}
    firsts = select(col(Message.act), col(Message.created_at)).where(col(Message.act).in_(acts))
    return {row.act: row.created_at for row in session.execute(firsts.where(col(Message.kind).in_(BOOKED)))}


def _one_a_day(due: Iterable[Due]) -> list[Due]:
    """They come by time: the first of each family and day."""
    firsts: dict[tuple[int, date], Due] = {}
    for one in due:
        firsts.setdefault((one.entry.contact_id, one.day), one)
    return list(firsts.values())


def _due(entry: Entry, leads: Iterable[int], shown_at: datetime | None, *, now: datetime) -> Due | None:
    """Whoever booked, or was shown, an appointment after the reminder's time has the Confirmation of it; what they had
    before on that day is reminded of all the same."""
    if not entry.email:
        return None
    passed = [hours for hours in leads if entry.starts_at - timedelta(hours=hours) <= now]
    if not passed:
        return None
    lead = min(passed)
    if max(entry.booked_at, shown_at or entry.booked_at) > entry.starts_at - timedelta(hours=lead):
        return None
    return Due(entry, i18n.local_day(entry.starts_at, entry.zone), lead)
