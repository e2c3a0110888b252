"""Decide what claimed calendar entries need, and store what came of it where the claims are still ours."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from webapp.errors import N_, ProviderError
from webapp.models import CalendarEntry, CalendarLink
from webapp.models.calendar.calendar_entry import DELETED, MOVED
from webapp.models.system.wished import ABSENT
from webapp.providers.base import EntryOrder, MadeEntry
from webapp.services.booking.agenda import Entry
from webapp.services.calendar.claim import lane_of
from webapp.services.calendar.claimed import Claimed
from webapp.services.calendar.order import digest
from webapp.services.calendar.pace import grant, granted_again, is_limit, note_limit, outage_until, pause_of
from webapp.services.calendar.wish_entries import BLOCKED, NEEDS_RECONNECT, About, Place, replace_entry, wish_entries
from webapp.services.system.errand import Claim, settled
from webapp.services.system.installation import restored_at
from webapp.services.system.wishes import Step, after_failure, given_up, parked

PROMPT = 5.0
"""As for meetings: seconds after the stamp within which the call has to begin."""

_STAMPED = ("attempt_at", "ordered", "starts_at", "ends_at")

Span = tuple[datetime, datetime]
Store = Callable[[Claimed, datetime], None]
"""What to put down for a claim after its call."""


@dataclass(frozen=True)
class Decision:
    """One step for one entry, with all that the call needs; it has to begin by the monotonic time `by`. `place` is its
    lane (claim.py), `link` the row as it stood when this was decided, `former` what the stamp has overwritten. `told`
    are the times that stand on the calendar unless its owner changed them; None where we cannot know, or tell others
    anyway. `is_repeated` says that an earlier call may have made the entry, `is_first` that no other call of this turn
    comes before."""

    step: Step
    claim: Claim
    place: tuple[int, int]
    former: dict[str, object]
    link: CalendarLink
    calendar_id: str
    remote_id: str
    order: EntryOrder
    told: Span | None
    is_repeated: bool
    is_first: bool
    by: float

    @property
    def calls(self) -> int:
        """At most: a change is read before it is told."""
        return 2 if self.step is Step.CHANGE else 1

    @property
    def is_read_first(self) -> bool:
        """A change that is told some calls after it was decided must not bring back what was removed meanwhile."""
        return self.step is Step.CHANGE and (self.told is not None or not self.is_first)

    @property
    def link_id(self) -> int:
        assert self.link.id is not None
        return self.link.id


@dataclass(frozen=True)
class Outcome:
    """What came of a call."""

    claim: Claim
    store: Store


def decide(
    session: Session,
    claims: Sequence[Claim],
    *,
    quarantine: timedelta,
    base_url: str,
    spared_until: Callable[[str, int], datetime | None] = lambda _provider, _link_id: None,
    now: datetime,
) -> list[Decision]:
    """Wish against world: the steps that need a call. Before an entry is made or changed `attempt_at` is stamped: a
    crash leaves its trace. To make it once more under the same key makes no second one; a change waits until what was
    told before must have arrived, and so does the removal of what may have been made. `spared_until` is asked last, and
    says until when a provider, or a link, that is in trouble is left alone."""
    rows = Claimed(session, claims, base_url=base_url)
    asked = [_asked(rows, claim, quarantine=quarantine, spared_until=spared_until, now=now) for claim in claims]
    decided = _granted(rows, [one for one in asked if one is not None], now=now)
    rows.write()
    return decided


def store(session: Session, outcomes: Sequence[Outcome], *, base_url: str, now: datetime) -> None:
    """What became otherwise during a call is due now, and what an entry replaces can go."""
    rows = Claimed(session, [outcome.claim for outcome in outcomes], base_url=base_url)
    for outcome in outcomes:
        outcome.store(rows, now)
    rows.write()
    if rows.to_follow:
        session.expire_all()
        wish_entries(session, rows.to_follow, now=now)


def put_back(decision: Decision) -> Outcome:
    """No call was begun: it is due again, as it was before the stamp."""

    def put(rows: Claimed, now: datetime) -> None:
        entry = rows.entry(decision.claim)
        if entry is not None:
            again = {"due_at": now, "claim": None, "attempts": max(0, entry.attempts - 1)}
            rows.put(decision.claim, **decision.former, **again)

    return Outcome(decision.claim, put)


def store_made(rows: Claimed, decision: Decision, made: MadeEntry, *, is_moved: bool = False, now: datetime) -> None:
    """What the provider has now. What an earlier call may have made is told once more what it shall be. Where its
    owner had moved it (`is_moved`) the time is theirs, and the rest is ours."""
    entry, order = rows.entry(decision.claim), decision.order
    if entry is None:
        return
    columns = settled() | {"remote_id": made.remote_id, "put_at": entry.put_at or now, "missed_at": None}
    columns |= {"ordered": digest(order), "starts_at": order.starts_at, "ends_at": order.ends_at}
    columns |= {"theirs": MOVED, "theirs_at": entry.theirs_at or now} if is_moved else {"theirs": "", "theirs_at": None}
    if decision.step is Step.MAKE and (decision.is_repeated or _span(made) != _span(order)):
        columns |= {"ordered": "", "starts_at": None, "ends_at": None, "due_at": now}
    rows.put(decision.claim, **columns)
    if rows.order(entry) != order or rows.replaces_another(entry):
        rows.to_follow.append(_about(entry, rows.appointment(entry)))


def store_gone(rows: Claimed, claim: Claim, *, now: datetime) -> None:
    """What was wished away is not there any more."""
    rows.put(claim, **settled(), gone_at=now)


def store_deleted(rows: Claimed, claim: Claim, *, now: datetime) -> None:
    """Somebody deleted it from the calendar, which is theirs: it stays away at that time, and is reported."""
    entry = rows.entry(claim)
    if entry is None:
        return
    if entry.wish == ABSENT:
        store_gone(rows, claim, now=now)
    elif not _is_of_lost_life(rows.session, entry):
        at = rows.appointment(entry)
        known = {"starts_at": entry.starts_at or at.starts_at, "ends_at": entry.ends_at or at.ends_at}
        rows.put(claim, **settled(), **known, theirs=DELETED, theirs_at=now, missed_at=None)
        rows.to_follow.append(_about(entry, at))
    else:
        rows.put(claim, **settled())
        rows.write()
        _make_anew(rows, entry, now=now)


def store_failure(session: Session, decision: Decision, error: ProviderError, *, now: datetime) -> None:
    """A call that would have begun too late (providers/bearer.py) was not begun. The link is locked before the
    appointments, as by whoever saves it."""
    if is_limit(error):
        note_limit(session, decision.link_id, error, now=now)
    rows = Claimed(session, [decision.claim], base_url="")
    entry = rows.entry(decision.claim)
    if error.code == "late" and not error.arrived:
        put_back(decision).store(rows, now)
    elif entry is not None:
        columns = after_failure(entry, decision.step, error, now=now)
        if decision.is_repeated:
            columns.pop("attempt_at", None)  # a clear refusal says nothing of the call before
        rows.put(decision.claim, **columns)
    rows.write()


def _asked(
    rows: Claimed,
    claim: Claim,
    *,
    quarantine: timedelta,
    spared_until: Callable[[str, int], datetime | None],
    now: datetime,
) -> Decision | None:
    entry = rows.entry(claim)
    if entry is None:
        return None
    order, link = rows.order(entry), rows.link(entry)
    step = _step(entry, order)
    if otherwise := _without_call(entry, step, order, link, quarantine=quarantine, now=now):
        rows.put(claim, **otherwise)
        return None
    if pause := pause_of(link, now=now) or outage_until(spared_until(link.provider, entry.link_id)):
        rows.put(claim, **parked(entry, pause, now=now))
        return None
    told, is_repeated = _told(entry, order), entry.attempt_at is not None
    former = {name: getattr(entry, name) for name in _STAMPED}
    at = (link, entry.calendar_id, entry.remote_id or "")
    by = time.monotonic() + PROMPT
    return Decision(step, claim, lane_of(entry), former, *at, order, told, is_repeated, is_first=True, by=by)


def _granted(rows: Claimed, asked: Sequence[Decision], *, now: datetime) -> list[Decision]:
    """Those for which there is room in the provider's limit are stamped; the others are due when there is again."""
    wanted: Counter[str] = Counter()
    for decision in asked:
        wanted[decision.link.provider] += decision.calls
    room = {provider: grant(rows.session, provider, calls, now=now) for provider, calls in wanted.items()}
    granted: list[Decision] = []
    begun: set[tuple[int, int]] = set()
    for decision in asked:
        room[decision.link.provider] -= decision.calls
        if room[decision.link.provider] < 0:
            put_back(decision).store(rows, granted_again(rows.session, decision.link.provider, now=now))
            continue
        if decision.step.leaves_trace:
            # What was told before is not what the provider has from now on, whatever comes of the call.
            unknown = {"starts_at": None, "ends_at": None} if decision.is_repeated else {}
            rows.put(decision.claim, attempt_at=now, ordered="", **unknown)
        granted.append(replace(decision, is_first=decision.place not in begun))
        begun.add(decision.place)
    return granted


def _without_call(
    entry: CalendarEntry, step: Step, order: EntryOrder, link: CalendarLink, *, quarantine: timedelta, now: datetime
) -> dict[str, object] | None:
    """The columns of an entry that needs no call, may have none, or has to wait for it."""
    if step is Step.NOTHING:
        return settled() | {"gone_at": now if entry.wish == ABSENT else None}
    if step is Step.MAKE and order.ends_at <= now:
        over = ProviderError(N_("The appointment is over"), retry=False, code="over")
        return given_up(entry, over, now=now)
    if not link.is_live:
        dead = ProviderError(BLOCKED[NEEDS_RECONNECT], retry=False, code=NEEDS_RECONNECT)
        return given_up(entry, dead, now=now)
    if step in {Step.CHANGE, Step.LOOK_UP} and entry.attempt_at and now < (ready := entry.attempt_at + quarantine):
        return {"due_at": ready, "claim": None}
    return None


def _make_anew(rows: Claimed, entry: CalendarEntry, *, now: datetime) -> None:
    """By the next generation, unless nobody wants it any more."""
    about, link = _about(entry, rows.appointment(entry)), rows.link(entry)
    if about.is_standing and about.ends_at > now and link.is_set_up:
        known = rows.session.get_one(CalendarEntry, entry.id, populate_existing=True)
        replace_entry(rows.session, known, about, Place(entry.link_id, link.calendar_id, link.is_live), now=now)
        rows.session.flush()


def _is_of_lost_life(session: Session, entry: CalendarEntry) -> bool:
    """Since a backup was restored nobody has seen the entry: it was removed in the life that was lost."""
    since = restored_at(session)
    return since is not None and (entry.put_at is None or entry.put_at < since)


def _about(entry: CalendarEntry, appointment: Entry) -> About:
    is_standing = appointment.cancelled_at is None and appointment.held_until is None
    return About(appointment.id, entry.school_id, is_standing, appointment.ends_at)


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
