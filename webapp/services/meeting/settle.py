"""Decide what a claimed meeting needs, and store what came of it where the claim is still ours."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_, ProviderError
from webapp.models import Appointment, Connection, Event, Host, Meeting, Resource, Slot
from webapp.models.system.wished import ABSENT, PRESENT
from webapp.providers.base import MadeMeeting, MeetingOrder, PasscodeRule
from webapp.services.booking.consequences import follow
from webapp.services.booking.wish_meetings import BLOCKED, NEEDS_RECONNECT, NOT_CONNECTED
from webapp.services.meeting.budget import LIGHT, MEDIUM, Allowance, give_back, note_limit, permit
from webapp.services.meeting.order import digest, new_marker, topic_of
from webapp.services.system.errand import Claim, growing_pause, settled, write_if_ours
from webapp.services.system.installation import life_of
from webapp.services.system.wishes import Step, after_failure, given_up, parked

PROMPT = 5.0
"""Seconds after the stamp within which the call has to begin; the quarantine counts from the stamp and allows for
them (RELIABILITY 2.4). A token that takes longer to renew costs a try, not a duplicate."""

SHORT_PAUSE = timedelta(seconds=1)
_SHORT = frozenset({"rate", "concurrent"})
"""Refused for this second only: what others do meanwhile is slowed by the budget, so one need not wait long."""

_NEVER_LEFT = frozenset({"unreachable", "timeout", "busy", "late"})
"""Of a write that did not arrive: there was no connection, or it was too late to begin."""

_NO_USER = "not_found"
_RULE_READ = "rule_read"
_NOTHING: dict[str, object] = {
    "remote_id": None,
    "join_url": None,
    "passcode": "",
    "ordered": "",
    "linked_at": None,
    "missed_at": None,
}
"""What was linked is stale: the row becomes a wish without a meeting."""


@dataclass(frozen=True)
class Decision:
    """One step for one meeting, with all that the call needs; `connection` is the row as it stood. It has to begin
    between the monotonic times `at` and `by`, `spacing` seconds after the call before it and at most `burst` in their
    time; `has_read_rule` says that the host's passcode rule was read again after a refusal."""

    step: Step
    claim: Claim
    appointment_id: int = 0
    connection: Connection | None = None
    school_id: int = 0
    provider: str = ""
    remote_id: str = ""
    order: MeetingOrder | None = None
    has_read_rule: bool = False
    at: float = 0.0
    by: float = math.inf
    spacing: float = 0.0
    burst: int = 1

    @property
    def connection_id(self) -> int:
        assert self.connection is not None
        assert self.connection.id is not None
        return self.connection.id

    @property
    def place(self) -> int:
        """No two of one host are claimed at once."""
        return self.claim.id

    @property
    def label(self) -> str:
        return _label(self.step)


@dataclass(frozen=True)
class Outcome:
    """What came of a call; `store` says whether something follows from that."""

    claim: Claim
    appointment_id: int
    store: Callable[[Session, datetime], bool]


def decide_each(session: Session, claims: Sequence[Claim], **terms: Any) -> list[Decision]:
    """As `decide`, of several: those that need a call, or a wait."""
    _lock_appointments(session, claims)
    decided = [_decided(session, claim, **terms) for claim in claims]
    return [decision for decision in decided if decision.step is not Step.NOTHING]


def decide(session: Session, claim: Claim, **terms: Any) -> Decision:
    """Wish against world. Before a meeting is made or changed `attempt_at` is stamped: a crash leaves its trace, and
    nothing is told anew before what was told last must have arrived. A change waits until `quiet` has passed since it
    was wished, so that those that follow are told with it; no call is made that the allowance does not cover.

    The terms are those of `_decided`."""
    _lock_appointments(session, [claim])
    return _decided(session, claim, **terms)


def _decided(
    session: Session,
    claim: Claim,
    *,
    quarantine: timedelta,
    quiet: timedelta = timedelta(),
    allowance: Allowance = Allowance(),  # noqa: B008 - frozen
    now: datetime,
) -> Decision:
    meeting = _locked(session, claim)
    nothing = Decision(Step.NOTHING, claim)
    if meeting is None or meeting.claim != claim.receipt:
        return nothing
    order, connection = order_of(session, meeting), _connection(session, meeting)
    step = _step(session, meeting, order)
    if otherwise := _without_call(meeting, step, order, connection, quarantine=quarantine, quiet=quiet, now=now):
        write_if_ours(session, Meeting, claim, **otherwise)
        return nothing
    assert connection is not None
    writes = 0 if step is Step.LOOK_UP else 1
    granted = permit(
        session,
        connection,
        meeting,
        label=_label(step),
        calls=2 if step is Step.CHANGE else 1,  # a change is read back
        writes=writes,
        allowance=allowance,
        now=now,
    )
    if granted.problem:
        write_if_ours(session, Meeting, claim, **parked(meeting, granted.problem, now=now))
        return nothing
    begins = time.monotonic() + granted.wait
    if not granted.is_granted:
        return Decision(Step.WAIT, claim, at=begins)
    # What was told before is not what the provider has from now on, whatever comes of the call.
    if step.leaves_trace and not write_if_ours(session, Meeting, claim, attempt_at=now, ordered=""):
        return nothing
    return Decision(
        step,
        claim,
        meeting.appointment_id,
        connection,
        meeting.school_id,
        meeting.provider,
        meeting.remote_id or "",
        order,
        has_read_rule=meeting.problem_code == _RULE_READ,
        at=begins,
        by=time.monotonic() + PROMPT,
        spacing=granted.spacing,
        burst=granted.burst,
    )


def make_room(session: Session, claim: Claim, *, now: datetime) -> None:
    """The account's rate was taken by others for long: back into the queue, behind those that wait already."""
    write_if_ours(session, Meeting, claim, due_at=growing_pause(0, now=now), claim=None)


def put_back(decision: Decision) -> Outcome:
    """At each host one step is decided at a time."""
    raise AssertionError(decision.step)


def store(session: Session, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """What the calls brought may be overtaken already, and the letters wait for it."""
    _lock_appointments(session, [outcome.claim for outcome in outcomes])
    to_follow = [outcome.appointment_id for outcome in outcomes if outcome.store(session, now)]
    session.expire_all()
    follow(session, to_follow, now=now)


def store_made(session: Session, claim: Claim, order: MeetingOrder, made: MadeMeeting, *, now: datetime) -> bool:
    """Write what the provider answered. False if a newer wish overtook the call: then nothing is written."""
    meeting = _locked(session, claim)
    if meeting is None:
        return False
    link = {"remote_id": made.remote_id, "join_url": made.join_url, "passcode": made.passcode}
    columns = {**settled(), **link, "ordered": _told(order), "linked_at": meeting.linked_at or now}
    # Of a start that is over the provider keeps another, whatever it is told.
    if order.starts_at > now and made.starts_at not in {None, order.starts_at}:
        columns |= _told_another_time(meeting, now=now)
    return write_if_ours(session, Meeting, claim, **columns)


def store_adopted(session: Session, claim: Claim, order: MeetingOrder, made: MadeMeeting, *, now: datetime) -> bool:
    """What the look-up found is ours. If it was wished away meanwhile, it is removed next."""
    meeting = _locked(session, claim)
    if meeting is None or meeting.wish == ABSENT:
        write_if_ours(session, Meeting, claim, **{**settled(), "remote_id": made.remote_id, "due_at": now})
        return False
    return store_made(session, claim, order, made, now=now)


def store_not_found(session: Session, claim: Claim, *, now: datetime) -> bool:
    """The earlier call did not arrive: the next claim may make the meeting, or settle that there is none. What an
    earlier life of the data made is looked for once: from now on the row has a marker of this one."""
    meeting = _locked(session, claim)
    columns: dict[str, object] = {"attempt_at": None, "claim": None, "due_at": now}
    if meeting is not None and _is_of_earlier_life(session, meeting):
        columns["marker"] = new_marker(life_of(session))
    return write_if_ours(session, Meeting, claim, **columns)


def store_gone(session: Session, claim: Claim, *, now: datetime) -> bool:
    """The meeting is not there any more. Where it was wished away that is the end; else it is made anew."""
    meeting = _locked(session, claim)
    if meeting is None or meeting.wish == ABSENT:
        write_if_ours(session, Meeting, claim, **settled(), gone_at=now)
    else:
        write_if_ours(session, Meeting, claim, **{**settled(), **_NOTHING, "due_at": now})
    return False


def store_missing(session: Session, meeting_id: int, remote_id: str, *, now: datetime) -> None:
    """Somebody deleted it at the provider: it is made anew, unless the row is another or worked on by now."""
    _lock_appointments(session, [Claim(meeting_id, "")])
    meeting = _locked(session, Claim(meeting_id, ""))
    is_idle = meeting is not None and meeting.due_at is None and meeting.claim is None
    if meeting is None or not is_idle or (meeting.wish, meeting.remote_id) != (PRESENT, remote_id):
        return
    for name, value in {**_NOTHING, "due_at": now, "wished_at": now}.items():
        setattr(meeting, name, value)
    session.flush()
    wake(session, "meeting")
    _follow(session, meeting, now=now)


def store_failure(session: Session, decision: Decision, error: ProviderError, *, now: datetime) -> None:
    _lock_appointments(session, [decision.claim])
    meeting = _locked(session, decision.claim)
    if meeting is None:
        return
    columns = _after_failure(meeting, decision.step, error, now=now)
    connection = _connection(session, meeting)
    if connection is not None:
        note_limit(session, connection, meeting, error, label=decision.label, now=now)
        if decision.step in {Step.MAKE, Step.REMOVE} and not error.arrived and error.code in _NEVER_LEFT:
            give_back(session, connection, meeting, now=now)
    if write_if_ours(session, Meeting, decision.claim, **columns):
        _follow(session, meeting, now=now)


def _after_failure(meeting: Meeting, step: Step, error: ProviderError, *, now: datetime) -> dict[str, Any]:
    if step is Step.LOOK_UP and meeting.wish == ABSENT and error.code == _NO_USER:
        # The host is gone there, and with it what it held. What was handed to another user the sweep finds.
        return settled() | {"gone_at": now}
    columns = after_failure(meeting, step, error, now=now)
    if error.code in _SHORT:
        columns["due_at"] = max(error.after or now, growing_pause(meeting.attempts, first=SHORT_PAUSE, now=now))
    return columns


def store_rule(session: Session, decision: Decision, rule: PasscodeRule | None, *, now: datetime) -> bool:
    """After a refused passcode: keep the rule that was read again (None where it cannot be read), and try at once by
    it, as a call of its own with its own stamp (R94)."""
    assert decision.order is not None
    query = select(Host).where(
        col(Host.school_id) == decision.school_id, col(Host.remote_id) == decision.order.host_key
    )
    for host in session.execute(query).scalars():
        host.passcode_rule, host.checked_at = json.dumps(vars(rule)) if rule else "", now
    again = {"attempt_at": None, "claim": None, "due_at": now, "problem_code": _RULE_READ}
    write_if_ours(session, Meeting, decision.claim, **again)
    return False


def order_of(session: Session, meeting: Meeting) -> MeetingOrder:
    """What the meeting shall be, from the rows as they stand."""
    query: Any = (
        select(
            col(Slot.starts_at),
            col(Slot.ends_at),
            col(Event.zone),
            col(Event.name),
            col(Resource.name).label("resource"),
        )
        .join(Appointment, col(Appointment.slot_id) == col(Slot.id))
        .join(Event, col(Event.id) == col(Slot.event_id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .where(col(Appointment.id) == meeting.appointment_id)
    )
    row = session.execute(query).one()
    return MeetingOrder(
        marker=meeting.marker,
        host_key=meeting.host_key,
        topic=topic_of(row.name, row.resource),
        starts_at=row.starts_at,
        minutes=int((row.ends_at - row.starts_at).total_seconds() // 60),
        zone=row.zone,
        rule=_rule(session, meeting),
    )


def _lock_appointments(session: Session, claims: Sequence[Claim]) -> None:
    """All before anything else, and in the order of `follow`: of two who hold some each, none waits for the other."""
    theirs = select(col(Meeting.appointment_id)).where(col(Meeting.id).in_([claim.id for claim in claims]))
    rows = select(col(Appointment.id)).where(col(Appointment.id).in_(theirs)).order_by(col(Appointment.id))
    session.execute(rows.with_for_update(key_share=True)).all()


def _locked(session: Session, claim: Claim) -> Meeting | None:
    """The claimed row, if it is still there, with all meetings of its appointment, which is locked already."""
    theirs = select(col(Meeting.appointment_id)).where(col(Meeting.id) == claim.id).scalar_subquery()
    query = select(Meeting).where(col(Meeting.appointment_id) == theirs).order_by(col(Meeting.id)).with_for_update()
    rows = session.execute(query.execution_options(populate_existing=True)).scalars().all()
    return next((meeting for meeting in rows if meeting.id == claim.id), None)


def _follow(session: Session, meeting: Meeting, *, now: datetime) -> None:
    """What the call brought may be overtaken already, and the letters wait for it."""
    session.expire_all()
    follow(session, [meeting.appointment_id], now=now)


def _step(session: Session, meeting: Meeting, order: MeetingOrder) -> Step:
    if meeting.remote_id is None and meeting.attempt_at is not None:
        return Step.LOOK_UP
    if meeting.wish == ABSENT:
        return Step.REMOVE if meeting.remote_id else Step.NOTHING
    if meeting.remote_id is None:
        return Step.LOOK_UP if _is_of_earlier_life(session, meeting) else Step.MAKE
    is_told = meeting.ordered == _told(order) and meeting.attempt_at is None
    return Step.NOTHING if is_told else Step.CHANGE


def _is_of_earlier_life(session: Session, meeting: Meeting) -> bool:
    """It was wished before a backup was restored, and may have been made since that backup (RELIABILITY 2.4)."""
    return not meeting.marker.startswith(f"{life_of(session)}-")


def _without_call(
    meeting: Meeting,
    step: Step,
    order: MeetingOrder,
    connection: Connection | None,
    *,
    quarantine: timedelta,
    quiet: timedelta,
    now: datetime,
) -> dict[str, object] | None:
    """The columns of a meeting that needs no call, may have none, or has to wait for it."""
    if step is Step.NOTHING:
        return settled() | {"gone_at": now if meeting.wish == ABSENT else None}
    if step is Step.MAKE and order.starts_at + timedelta(minutes=order.minutes) <= now:
        return given_up(meeting, ProviderError(N_("The appointment is over"), retry=False, code="over"), now=now)
    if connection is None or not connection.is_live:
        return given_up(meeting, _unconnected(connection), now=now)
    if step is not Step.REMOVE and meeting.attempt_at and now < (ready := meeting.attempt_at + quarantine):
        return {"due_at": ready, "claim": None}
    if step is Step.CHANGE and meeting.changed_at and now < (ready := meeting.changed_at + quiet):
        return {"due_at": ready, "claim": None, "attempts": max(0, meeting.attempts - 1)}
    return None


def _told_another_time(meeting: Meeting, *, now: datetime) -> dict[str, object]:
    """What an earlier call told, or somebody at the provider: it is told again, at growing pauses if that does not
    help."""
    due_at = now if meeting.remote_id is None else growing_pause(meeting.attempts, now=now)
    return {"ordered": "", "attempts": meeting.attempts, "due_at": due_at}


def _unconnected(connection: Connection | None) -> ProviderError:
    is_dead = bool(connection and connection.needs_reconnect_at and not connection.disconnected_at)
    reason = NEEDS_RECONNECT if is_dead else NOT_CONNECTED
    return ProviderError(BLOCKED[reason], retry=False, code=reason)


def _label(step: Step) -> str:
    """Of the provider's limits."""
    return MEDIUM if step is Step.LOOK_UP else LIGHT


def _told(order: MeetingOrder) -> str:
    return digest(topic=order.topic, starts_at=order.starts_at, minutes=order.minutes, zone=order.zone)


def _connection(session: Session, meeting: Meeting) -> Connection | None:
    query = select(Connection).where(
        col(Connection.school_id) == meeting.school_id, col(Connection.provider) == meeting.provider
    )
    return session.execute(query).scalar_one_or_none()


def _rule(session: Session, meeting: Meeting) -> PasscodeRule | None:
    query = select(col(Host.passcode_rule)).where(
        col(Host.school_id) == meeting.school_id, col(Host.remote_id) == meeting.host_key
    )
    stored = session.execute(query).scalars().first()
    return PasscodeRule(**json.loads(stored)) if stored else None
