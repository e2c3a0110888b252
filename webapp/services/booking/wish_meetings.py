"""Wish one online meeting per standing virtual appointment of an event with a provider, and no other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_
from webapp.models import Appointment, Meeting
from webapp.models.base import defaults_of, names_of, table_of
from webapp.models.meeting.host import CANNOT_HOST, INACTIVE, MAPPED, NO_EMAIL, NOT_FOUND, PENDING, TAKEN, VANISHED
from webapp.models.system.wished import ABSENT
from webapp.prepared import Prepared, padded
from webapp.services.booking.meeting_facts import facts_about
from webapp.services.booking.room import MAKING, room_of
from webapp.services.meeting.order import digest, new_marker, topic_of
from webapp.services.system.errand import no_problem
from webapp.services.system.installation import life_of
from webapp.services.system.wishes import as_blocked, block, make_due, may_try, retire

NO_CONTACT, NOT_CONNECTED, NEEDS_RECONNECT, NOT_MAPPED = "no_contact", "not_connected", "needs_reconnect", "not_mapped"

BLOCKED = {
    NO_CONTACT: N_("No contact attached"),
    NOT_CONNECTED: N_("Zoom is not connected"),
    NEEDS_RECONNECT: N_("Zoom needs to be connected again"),
    NOT_MAPPED: N_("Not mapped to a Zoom user yet"),
    NOT_FOUND: N_("Not found in Zoom, or not active"),
    PENDING: N_("Invited to Zoom, not accepted yet"),
    INACTIVE: N_("Deactivated in Zoom"),
    NO_EMAIL: N_("No email on the contact record"),
    CANNOT_HOST: N_("Has no Zoom licence to hold meetings"),
    VANISHED: N_("The Zoom user chosen by hand is gone"),
    TAKEN: N_("The Zoom user of this email is chosen for another teacher"),
}
"""Why no meeting can be asked for at all: known at once, mended by the office, then retried by itself."""

TOPIC = "meeting"
_BLANK = defaults_of(Meeting)
_INSERT = Prepared(insert(table_of(Meeting)), names_of(Meeting))
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_FACTS = Prepared(facts_about(_IDS))
_ID = table_of(Appointment).c.id
_LOCK = Prepared(select(_ID).where(_ID.in_(_IDS)).order_by(_ID).with_for_update(key_share=True))
_MEETINGS = (
    select(Meeting)
    .where(col(Meeting.appointment_id).in_(_IDS), col(Meeting.gone_at).is_(None))
    .order_by(col(Meeting.id))
    .with_for_update()
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Fact:
    """What decides about one appointment's meeting."""

    id: int
    school_id: int
    act: str
    is_virtual: bool
    cancelled_at: datetime | None
    held_until: datetime | None
    starts_at: datetime
    ends_at: datetime
    zone: str
    event_name: str
    resource_name: str
    provider: str | None
    lead_id: int | None
    host_state: str | None
    host_key: str | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    needs_reconnect_at: datetime | None
    is_linked: bool = True  # somebody of the school has linked a calendar

    @property
    def is_booked(self) -> bool:
        return self.cancelled_at is None and self.held_until is None

    @property
    def wants_meeting(self) -> bool:
        return self.is_booked and self.is_virtual and bool(self.provider)

    @property
    def has_link_to_come(self) -> bool:
        """What the page of an appointment says that has none yet (R54)."""
        room = room_of(is_virtual=self.is_virtual, provider=self.provider, room="", virtual_room="", join_url=None)
        return room.state == MAKING

    @property
    def blocked(self) -> str | None:
        if self.lead_id is None:
            return NO_CONTACT
        if unreachable := why_unreachable(self.connected_at, self.disconnected_at, self.needs_reconnect_at):
            return unreachable
        if self.host_state is None:
            return NOT_MAPPED
        return None if self.host_state == MAPPED else self.host_state

    @property
    def digest(self) -> str:
        minutes = int((self.ends_at - self.starts_at).total_seconds() // 60)
        topic = topic_of(self.event_name, self.resource_name)
        return digest(topic=topic, starts_at=self.starts_at, minutes=minutes, zone=self.zone)


def why_unreachable(
    connected_at: datetime | None, disconnected_at: datetime | None, needs_reconnect_at: datetime | None
) -> str | None:
    """Of a school's connection: why no call can be made on it; None while it is live."""
    if needs_reconnect_at:
        return NEEDS_RECONNECT
    return NOT_CONNECTED if connected_at is None or disconnected_at else None


def wish_meetings(session: Session, ids: Sequence[int], *, now: datetime, retry: bool) -> Sequence[Fact]:
    """Returns what it looked at; the appointments are locked from here on."""
    lock_appointments(session, ids)
    facts = [Fact(**row._asdict()) for row in _FACTS.all(session, {"ids": padded(ids)})]
    meetings: dict[int, list[Meeting]] = {}
    for meeting in _meetings(session, ids):
        meetings.setdefault(meeting.appointment_id, []).append(meeting)
    for fact in facts:
        _wish(session, fact, meetings.get(fact.id, []), now=now, retry=retry)
    session.flush()
    return facts


def wish_first_meetings(session: Session, facts: Iterable[Fact], *, life: str | None, now: datetime) -> None:
    """For appointments made in this transaction: none can have a meeting yet. `life` is as of `life_of`, if known."""
    wanting = [fact for fact in facts if fact.wants_meeting and fact.ends_at > now]
    if not wanting:
        return
    life = life or life_of(session)
    wanted = [_first(fact, life, now=now) for fact in wanting]
    _INSERT.change_each(session, wanted)
    if any(meeting["due_at"] for meeting in wanted):
        wake(session, TOPIC)


def lock_appointments(session: Session, ids: Sequence[int]) -> None:
    """In the order of all who follow. Of two who follow one appointment, the second sees the meeting that the first
    wished: one is current."""
    _LOCK.all(session, {"ids": padded(ids)})


def _meetings(session: Session, ids: Sequence[int]) -> Iterable[Meeting]:
    """Locked, and as they stand once they are: a job may be stamping or storing one of them at this moment."""
    return session.execute(_MEETINGS, {"ids": ids}).scalars()


def _wish(session: Session, fact: Fact, meetings: list[Meeting], *, now: datetime, retry: bool) -> None:
    current = next((m for m in meetings if m.replaced_at is None), None)
    replaced = [m for m in meetings if m.replaced_at is not None and m.wish != ABSENT]
    for meeting in meetings:
        if retry and meeting.wish == ABSENT and meeting.due_at is None:
            make_due(session, meeting, TOPIC, now=now)
    for meeting in meetings:
        if meeting.wish == ABSENT and _may_try(meeting, fact, retry=retry):
            make_due(session, meeting, TOPIC, now=now)
    if not fact.wants_meeting:
        for meeting in [*replaced, current] if current else replaced:
            retire(session, meeting, TOPIC, now=now)
        return
    if current is None:
        current = _wanted(session, fact, now=now) if fact.ends_at > now else None
    elif _is_with_another_host(current, fact):
        current = _replace(session, current, fact, now=now)
    if current is None:
        return
    _bring_up_to_date(session, current, fact, now=now, retry=retry)
    if current.has_link:
        for meeting in replaced:
            retire(session, meeting, TOPIC, now=now)


def _wanted(session: Session, fact: Fact, *, now: datetime) -> Meeting:
    meeting = Meeting(**_first(fact, life_of(session), now=now))
    session.add(meeting)
    if meeting.due_at:
        wake(session, TOPIC)
    return meeting


def _first(fact: Fact, life: str, *, now: datetime) -> dict[str, Any]:
    """The columns of a meeting that is wished for the first time: due at once, or blocked."""
    assert fact.provider is not None
    wish = {
        "school_id": fact.school_id,
        "appointment_id": fact.id,
        "provider": fact.provider,
        "marker": new_marker(life),
        "wished_at": now,
    }
    reason = fact.blocked
    if reason:
        return _BLANK | wish | {"due_at": None, **as_blocked(BLOCKED[reason], reason, now=now)}
    return _BLANK | wish | {"due_at": now, "host_key": fact.host_key, **no_problem()}


def _is_with_another_host(meeting: Meeting, fact: Fact) -> bool:
    is_other_provider = meeting.provider != fact.provider
    return meeting.is_under_way and (is_other_provider or (fact.blocked is None and meeting.host_key != fact.host_key))


def _replace(session: Session, meeting: Meeting, fact: Fact, *, now: datetime) -> Meeting:
    """The new meeting is made first; the old one goes when the new link is stored."""
    meeting.replaced_at = now
    meeting.due_at, meeting.claim = None, None
    session.flush()
    if not meeting.has_link:
        retire(session, meeting, TOPIC, now=now)
    return _wanted(session, fact, now=now)


def _bring_up_to_date(session: Session, meeting: Meeting, fact: Fact, *, now: datetime, retry: bool) -> None:
    if not meeting.is_under_way and (blocked := fact.blocked):
        block(meeting, BLOCKED[blocked], blocked, now=now)
        return
    is_told = meeting.remote_id is not None and meeting.ordered == fact.digest
    is_new_host = not meeting.is_under_way and meeting.host_key != fact.host_key
    if is_new_host:
        assert fact.host_key is not None
        meeting.host_key = fact.host_key
    if is_told and meeting.due_at is None and meeting.problem:
        # It was refused for what is not wished any more.
        for name, value in no_problem().items():
            setattr(meeting, name, value)
    if not is_told and fact.ends_at > now and (is_new_host or _may_try(meeting, fact, retry=retry)):
        if meeting.remote_id and meeting.due_at is None and meeting.problem is None:
            meeting.changed_at = now  # further changes are told with this one; what was refused once does not wait
        make_due(session, meeting, TOPIC, now=now)


def _may_try(meeting: Meeting, fact: Fact, *, retry: bool) -> bool:
    return may_try(meeting, blocked=BLOCKED, reason=fact.blocked, retry=retry)
