"""Show teachers their own day: their appointments, those of their teams, and the free times (R64, R86)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from webapp.errors import N_
from webapp.i18n import gettext, local_day, ngettext
from webapp.models import Contact, Event, Level, Resource, ResourceMember, Slot
from webapp.models.event.slot import CALL, HIDDEN, UNAVAILABLE, VISIBLE
from webapp.services.booking.agenda import Entry, agenda, standing, with_teacher
from webapp.services.booking.questions import answers_of
from webapp.services.calendar.busy import has_busy
from webapp.services.event.overseen import overseen_events
from webapp.services.event.report import days_of, on_day

_WORDS = {
    VISIBLE: N_("Free"),
    UNAVAILABLE: N_("Not offered"),
    HIDDEN: N_("Free, hidden from parents"),
    CALL: N_("Free, by a call to the office"),
}
_BUSY = N_("Busy in the calendar, not offered")


@dataclass(frozen=True)
class FreeTime:
    """A slot that nobody has booked. Of an unavailable one `message` may say why; of one that `is_busy` a calendar of
    the teacher's, or of their team's, keeps families away."""

    slot_id: int
    resource_id: int
    starts_at: datetime
    visibility: str
    message: str
    is_busy: bool = False
    is_free: bool = True

    @property
    def words(self) -> str:
        if self.is_busy and self.visibility == VISIBLE:
            return gettext(_BUSY)
        return self.message or gettext(_WORDS[self.visibility])

    @property
    def is_blocked(self) -> bool:
        return self.visibility == UNAVAILABLE

    @property
    def is_theirs(self) -> bool:
        """To block or to free: what is hidden, or shown with “Call”, is the office's."""
        return self.visibility in (VISIBLE, UNAVAILABLE)


@dataclass(frozen=True)
class OwnSchedule:
    """One day of a teacher in an event. `following` is the appointment that is on, or comes next, on this day;
    `hosts` has the name of whoever hosts each resource's meetings, empty where it is the teacher; `answers` are the
    questions with what families answered, by appointment (id)."""

    event: Event
    days: tuple[date, ...]
    day: date | None
    entries: tuple[Entry, ...]
    times: tuple[Entry | FreeTime, ...]
    following: Entry | None
    how_soon: str
    hosts: dict[int, str]
    answers: dict[int, list[tuple[str, str]]]

    @property
    def online(self) -> int:
        return sum(entry.is_virtual for entry in self.entries)


def own_events(session: Session, contact: Contact, *, within: Collection[int] | None = None) -> list[Event]:
    """The events in which the teacher has a resource, alone or in a team, where given `within` these (ids); newest
    first."""
    query = (
        select(Event)
        .join(Resource, col(Resource.event_id) == col(Event.id))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .where(col(ResourceMember.contact_id) == contact.id, col(Event.school_id) == contact.school_id)
        .where(col(Event.deleted_at).is_(None))
        .distinct()
        .order_by(col(Event.created_at).desc(), col(Event.id).desc())
    )
    if within is not None:
        query = query.where(col(Event.id).in_(within))
    return list(session.execute(query).scalars())


def taught_only(session: Session, contact: Contact) -> list[Event]:
    """The events in which an Event Administrator teaches, and which they do not oversee; newest first."""
    overseen = {event.id for event in overseen_events(session, contact)}
    return [event for event in own_events(session, contact) if event.id not in overseen]


def reads_own(session: Session, contact: Contact, number: int | None) -> bool:
    """Whether who asks for the schedule of the event with this number (None for none) is shown their own. Below Event
    Administrator everybody is; Event Administrators are of events in which they only teach, and without a number where
    they oversee none."""
    if contact.level != Level.EVENT_ADMINISTRATOR:
        return contact.level < Level.EVENT_ADMINISTRATOR
    taught = taught_only(session, contact)
    if number is None:
        return bool(taught) and not overseen_events(session, contact)
    return number in {event.id for event in taught}


def coming_event(session: Session, contact: Contact, events: Sequence[Event], *, now: datetime) -> Event | None:
    """Of these events that of the teacher's next time, else the newest."""
    query = (
        select(col(Slot.event_id))
        .where(own_times(contact), col(Slot.event_id).in_([event.id for event in events]))
        .where(col(Slot.removed_at).is_(None), col(Slot.ends_at) > now)
        .order_by(col(Slot.starts_at))
        .limit(1)
    )
    number = session.execute(query).scalar_one_or_none()
    return next((event for event in events if event.id == number), events[0] if events else None)


def own_schedule(session: Session, event: Event, contact: Contact, *, day: date | None, now: datetime) -> OwnSchedule:
    """Five queries. Without a day, or with one on which there is nothing, the next day with times is shown."""
    assert contact.id is not None
    days = days_of(session, event, own_times(contact))
    day = day if day in days else _next_day(days, local_day(now, event.zone))
    if day is None:
        return OwnSchedule(event, days, None, (), (), None, "", {}, {})
    entries = agenda(session, with_teacher(contact.id), on_day(event, day), standing())
    entries = [entry for entry in entries if entry.event_id == event.id]
    free = _free_times(session, event, contact, day, {entry.slot_id for entry in entries})
    times: list[Entry | FreeTime] = [*entries, *free]
    times.sort(key=lambda time: time.starts_at)
    following = next((entry for entry in entries if entry.ends_at > now), None)
    soon = how_soon(following.starts_at, now=now) if following else ""
    hosts = _hosts(session, event, contact)
    answers = answers_of(session, [entry.id for entry in entries])
    return OwnSchedule(event, days, day, tuple(entries), tuple(times), following, soon, hosts, answers)


def how_soon(start: datetime, *, now: datetime) -> str:
    """`Next, in 6 minutes`, rounded up; `Now` once it began."""
    minutes = -((now - start) // timedelta(minutes=1))
    if minutes <= 0:
        return gettext("Now")
    if minutes < 120:
        return ngettext("Next, in %(n)s minute", "Next, in %(n)s minutes", minutes)
    if minutes < 2 * 24 * 60:
        return ngettext("Next, in %(n)s hour", "Next, in %(n)s hours", minutes // 60)
    return ngettext("Next, in %(n)s day", "Next, in %(n)s days", minutes // (24 * 60))


def _next_day(days: Sequence[date], today: date) -> date | None:
    return next((day for day in days if day >= today), days[-1] if days else None)


def own_times(contact: Contact) -> ColumnElement[bool]:
    mine = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id) == contact.id)
    return col(Slot.resource_id).in_(mine)


def _free_times(session: Session, event: Event, contact: Contact, day: date, booked: Collection[int]) -> list[FreeTime]:
    is_busy = has_busy(col(Slot.resource_id), col(Slot.starts_at), col(Slot.ends_at))
    query = select(Slot, is_busy).where(
        col(Slot.event_id) == event.id, own_times(contact), col(Slot.removed_at).is_(None), on_day(event, day)
    )
    return [
        FreeTime(slot.id or 0, slot.resource_id, slot.starts_at, slot.visibility, slot.message, busy)
        for slot, busy in session.execute(query)
        if slot.id not in booked
    ]


def _hosts(session: Session, event: Event, contact: Contact) -> dict[int, str]:
    query = (
        select(col(ResourceMember.resource_id), Contact)
        .join(Resource, col(Resource.id) == col(ResourceMember.resource_id))
        .join(Contact, col(Contact.id) == col(ResourceMember.contact_id))
        .where(col(Resource.event_id) == event.id)
        .order_by(col(ResourceMember.position).desc(), col(ResourceMember.contact_id).desc())
    )
    # The first in order comes last and stays.
    return {number: "" if host.id == contact.id else host.name for number, host in session.execute(query)}
