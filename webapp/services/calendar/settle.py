"""Decide what a claimed calendar entry needs, and store what came of it where the claim is still ours."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, ProviderError
from webapp.models import Appointment, CalendarEntry, CalendarLink
from webapp.models.calendar.calendar_entry import DELETED, MOVED
from webapp.models.system.wished import ABSENT, PRESENT
from webapp.providers.base import EntryOrder, MadeEntry
from webapp.services.booking.agenda import Entry, agenda
from webapp.services.calendar.order import digest, order_of
from webapp.services.calendar.pace import is_limit, note_limit, outage_until, pause_of
from webapp.services.calendar.wish_entries import BLOCKED, NEEDS_RECONNECT, About, Place, replace_entry, wish_entries
from webapp.services.system.errand import Claim, settled, write_if_ours
from webapp.services.system.installation import restored_at
from webapp.services.system.wishes import Step, after_failure, given_up, parked

PROMPT = 5.0
"""As for meetings: seconds after the stamp within which the call has to begin."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Decision:
    """One step for one entry, with all that the call needs; it has to begin by the monotonic time `by`. `told` are the
    times that stand on the calendar unless its owner changed them; None where we cannot know, or tell others anyway.
    `is_repeated` says that an earlier call may have made the entry."""

    step: Step
    claim: Claim
    link_id: int = 0
    provider: str = ""
    calendar_id: str = ""
    remote_id: str = ""
    order: EntryOrder | None = None
    told: Span | None = None
    is_repeated: bool = False
    base_url: str = ""
    by: float = math.inf


def decide(
    session: Session,
    claim: Claim,
    *,
    quarantine: timedelta,
    base_url: str,
    spared_until: Callable[[str], datetime | None] = lambda _provider: None,
    now: datetime,
) -> Decision:
    """Wish against world. Before an entry is made or changed `attempt_at` is stamped: a crash leaves its trace. To make
    it once more under the same key makes no second one; a change waits until what was told before must have arrived,
    and so does the removal of what may have been made. `spared_until` is asked last, and says until when a provider
    that is in trouble is left alone."""
    entry = _locked(session, claim)
    nothing = Decision(Step.NOTHING, claim)
    if entry is None or entry.claim != claim.receipt:
        return nothing
    appointment = _appointment(session, entry)
    order = order_of(session, entry, appointment, base_url=base_url)
    step = _step(entry, order)
    if step is Step.NOTHING:
        gone_at = now if entry.wish == ABSENT else None
        write_if_ours(session, CalendarEntry, claim, **settled(), gone_at=gone_at)
        return nothing
    if step is Step.MAKE and order.ends_at <= now:
        over = ProviderError(N_("The appointment is over"), retry=False, code="over")
        write_if_ours(session, CalendarEntry, claim, **given_up(entry, over, now=now))
        return nothing
    link = session.get_one(CalendarLink, entry.link_id)
    if not link.is_live:
        dead = ProviderError(BLOCKED[NEEDS_RECONNECT], retry=False, code=NEEDS_RECONNECT)
        write_if_ours(session, CalendarEntry, claim, **given_up(entry, dead, now=now))
        return nothing
    if step in {Step.CHANGE, Step.LOOK_UP} and entry.attempt_at and now < (ready := entry.attempt_at + quarantine):
        write_if_ours(session, CalendarEntry, claim, due_at=ready, claim=None)
        return nothing
    if pause := pause_of(link, now=now) or outage_until(spared_until(link.provider)):
        write_if_ours(session, CalendarEntry, claim, **parked(entry, pause, now=now))
        return nothing
    told, is_repeated = _told(entry, order), entry.attempt_at is not None
    # What was told before is not what the provider has from now on, whatever comes of the call.
    unknown = {"starts_at": None, "ends_at": None} if is_repeated else {}
    stamp = {"attempt_at": now, "ordered": "", **unknown}
    if step.leaves_trace and not write_if_ours(session, CalendarEntry, claim, **stamp):
        return nothing
    return Decision(
        step,
        claim,
        entry.link_id,
        link.provider,
        entry.calendar_id,
        entry.remote_id or "",
        order,
        told,
        is_repeated,
        base_url,
        by=time.monotonic() + PROMPT,
    )


def store_made(session: Session, decision: Decision, made: MadeEntry, *, is_moved: bool = False, now: datetime) -> None:
    """What the provider has now. What an earlier call may have made is told once more what it shall be. Where its
    owner had moved it (`is_moved`) the time is theirs, and the rest is ours."""
    entry, order = _locked(session, decision.claim), decision.order
    if entry is None or order is None:
        return
    columns = settled() | {"remote_id": made.remote_id, "put_at": entry.put_at or now, "missed_at": None}
    columns |= {"ordered": digest(order), "starts_at": order.starts_at, "ends_at": order.ends_at}
    columns |= {"theirs": MOVED, "theirs_at": entry.theirs_at or now} if is_moved else {"theirs": "", "theirs_at": None}
    if decision.step is Step.MAKE and (decision.is_repeated or _span(made) != _span(order)):
        columns |= {"ordered": "", "starts_at": None, "ends_at": None, "due_at": now}
    if write_if_ours(session, CalendarEntry, decision.claim, **columns):
        _go_on(session, entry, order, base_url=decision.base_url, now=now)


def store_gone(session: Session, claim: Claim, *, now: datetime) -> None:
    """What was wished away is not there any more."""
    write_if_ours(session, CalendarEntry, claim, **settled(), gone_at=now)


def store_deleted(session: Session, claim: Claim, *, now: datetime) -> None:
    """Somebody deleted it from the calendar, which is theirs: it stays away, and is reported."""
    entry = _locked(session, claim)
    if entry is None:
        return
    if entry.wish == ABSENT:
        store_gone(session, claim, now=now)
    elif not _is_of_lost_life(session, entry):
        write_if_ours(session, CalendarEntry, claim, **settled(), theirs=DELETED, theirs_at=now, missed_at=None)
    elif write_if_ours(session, CalendarEntry, claim, **settled()):
        _make_anew(session, entry, now=now)


def store_failure(session: Session, decision: Decision, error: ProviderError, *, now: datetime) -> None:
    entry = _locked(session, decision.claim)
    if entry is None:
        return
    columns = after_failure(entry, decision.step, error, now=now)
    if is_limit(error):
        note_limit(session, entry.link_id, error, now=now)
    write_if_ours(session, CalendarEntry, decision.claim, **columns)


def _make_anew(session: Session, entry: CalendarEntry, *, now: datetime) -> None:
    """By the next generation, unless nobody wants it any more."""
    [fact] = agenda(session, col(Appointment.id) == entry.appointment_id)
    about = _about(entry, fact)
    link = session.get_one(CalendarLink, entry.link_id)
    if about.is_standing and about.ends_at > now and link.is_set_up:
        replace_entry(session, entry, about, Place(entry.link_id, link.calendar_id, link.is_live), now=now)
        session.flush()


def _is_of_lost_life(session: Session, entry: CalendarEntry) -> bool:
    """Since a backup was restored nobody has seen the entry: it was removed in the life that was lost."""
    since = restored_at(session)
    return since is not None and (entry.put_at is None or entry.put_at < since)


def _locked(session: Session, claim: Claim) -> CalendarEntry | None:
    """The claimed row, if it is still there. Its appointment and its entries are locked, in the order of `follow`."""
    theirs = select(col(CalendarEntry.appointment_id)).where(col(CalendarEntry.id) == claim.id).scalar_subquery()
    appointment = select(col(Appointment.id)).where(col(Appointment.id) == theirs)
    session.execute(appointment.with_for_update(key_share=True)).all()
    query = select(CalendarEntry).where(col(CalendarEntry.appointment_id) == theirs).order_by(col(CalendarEntry.id))
    rows = session.execute(query.with_for_update().execution_options(populate_existing=True)).scalars().all()
    return next((entry for entry in rows if entry.id == claim.id), None)


def _go_on(session: Session, entry: CalendarEntry, told: EntryOrder, *, base_url: str, now: datetime) -> None:
    """What became otherwise during the call is due now, and what this entry replaces can go."""
    appointment = _appointment(session, entry)
    is_overtaken = order_of(session, entry, appointment, base_url=base_url) != told
    if is_overtaken or _replaces_another(session, entry):
        session.expire_all()
        wish_entries(session, [_about(entry, appointment)], now=now)


def _replaces_another(session: Session, entry: CalendarEntry) -> bool:
    other = select(col(CalendarEntry.id)).where(
        col(CalendarEntry.appointment_id) == entry.appointment_id,
        col(CalendarEntry.link_id) == entry.link_id,
        col(CalendarEntry.replaced_at).is_not(None),
        col(CalendarEntry.wish) == PRESENT,
    )
    return session.execute(other.limit(1)).first() is not None


def _about(entry: CalendarEntry, appointment: Entry) -> About:
    is_standing = appointment.cancelled_at is None and appointment.held_until is None
    return About(appointment.id, entry.school_id, is_standing, appointment.ends_at)


def _appointment(session: Session, entry: CalendarEntry) -> Entry:
    [found] = agenda(session, col(Appointment.id) == entry.appointment_id)
    return found


def _step(entry: CalendarEntry, order: EntryOrder) -> Step:
    if entry.wish == ABSENT:
        if entry.remote_id:
            return Step.REMOVE
        return Step.LOOK_UP if entry.attempt_at else Step.NOTHING
    if entry.theirs == DELETED:
        return Step.NOTHING
    if entry.remote_id is None:
        return Step.MAKE
    is_told = entry.ordered == digest(order) and entry.attempt_at is None
    return Step.NOTHING if is_told else Step.CHANGE


def _told(entry: CalendarEntry, order: EntryOrder) -> Span | None:
    """After an unknown outcome another time there may be our doing; a new time of the appointment is told anyway."""
    if entry.attempt_at or entry.starts_at is None or entry.ends_at is None:
        return None
    told = (entry.starts_at, entry.ends_at)
    return told if told == _span(order) else None


def _span(one: EntryOrder | MadeEntry) -> Span:
    return one.starts_at, one.ends_at
