"""Decide what a claimed meeting needs next: one step at a time, and no call that the allowance does not cover."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from webapp.errors import N_, ProviderError
from webapp.models import Connection, Meeting
from webapp.models.system.wished import ABSENT
from webapp.providers.base import MeetingOrder
from webapp.services.booking.wish_meetings import BLOCKED, NEEDS_RECONNECT, NOT_CONNECTED
from webapp.services.meeting.budget import LIGHT, MEDIUM, Allowance, permit
from webapp.services.meeting.claimed import (
    connection_of,
    is_of_earlier_life,
    lock_appointments,
    locked,
    order_of,
    told,
)
from webapp.services.system.errand import Claim, settled, write_if_ours
from webapp.services.system.wishes import Step, given_up, parked

PROMPT = 5.0
"""Seconds after the stamp within which the call has to begin; the quarantine counts from the stamp and allows for
them (RELIABILITY 2.4). A token that takes longer to renew costs a try, not a duplicate."""

RULE_READ = "rule_read"
"""The problem of a meeting whose host's passcode rule was read again after a refusal."""


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
        """Of the provider's limits."""
        return MEDIUM if self.step is Step.LOOK_UP else LIGHT


def decide_each(session: Session, claims: Sequence[Claim], **terms: Any) -> list[Decision]:
    """As `decide`, of several: those that need a call, or a wait."""
    lock_appointments(session, claims)
    decided = [_decided(session, claim, **terms) for claim in claims]
    return [decision for decision in decided if decision.step is not Step.NOTHING]


def decide(session: Session, claim: Claim, **terms: Any) -> Decision:
    """Wish against world. Before a meeting is made or changed `attempt_at` is stamped: a crash leaves its trace, and
    nothing is told anew before what was told last must have arrived. A change waits until `quiet` has passed since it
    was wished, so that those that follow are told with it; no call is made that the allowance does not cover.

    The terms are those of `_decided`."""
    lock_appointments(session, [claim])
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
    meeting = locked(session, claim)
    nothing = Decision(Step.NOTHING, claim)
    if meeting is None or meeting.claim != claim.receipt:
        return nothing
    order, connection = order_of(session, meeting), connection_of(session, meeting)
    step = _step(session, meeting, order)
    if otherwise := _without_call(meeting, step, order, connection, quarantine=quarantine, quiet=quiet, now=now):
        write_if_ours(session, Meeting, claim, **otherwise)
        return nothing
    needed = Decision(
        step,
        claim,
        meeting.appointment_id,
        connection,
        meeting.school_id,
        meeting.provider,
        meeting.remote_id or "",
        order,
        has_read_rule=meeting.problem_code == RULE_READ,
    )
    return _begun(session, meeting, needed, allowance=allowance, now=now)


def _begun(session: Session, meeting: Meeting, needed: Decision, *, allowance: Allowance, now: datetime) -> Decision:
    """As far as the allowance goes: the call at its time, the wait for it, or nothing."""
    step, claim = needed.step, needed.claim
    assert needed.connection is not None
    granted = permit(
        session,
        needed.connection,
        meeting,
        label=needed.label,
        calls=2 if step is Step.CHANGE else 1,  # a change is read back
        writes=0 if step is Step.LOOK_UP else 1,
        allowance=allowance,
        now=now,
    )
    if granted.problem:
        write_if_ours(session, Meeting, claim, **parked(meeting, granted.problem, now=now))
        return Decision(Step.NOTHING, claim)
    begins = time.monotonic() + granted.wait
    if not granted.is_granted:
        return Decision(Step.WAIT, claim, at=begins)
    # What was told before is not what the provider has from now on, whatever comes of the call.
    if step.leaves_trace and not write_if_ours(session, Meeting, claim, attempt_at=now, ordered=""):
        return Decision(Step.NOTHING, claim)
    by = time.monotonic() + PROMPT
    return replace(needed, at=begins, by=by, spacing=granted.spacing, burst=granted.burst)


def _step(session: Session, meeting: Meeting, order: MeetingOrder) -> Step:
    if meeting.remote_id is None and meeting.attempt_at is not None:
        return Step.LOOK_UP
    if meeting.wish == ABSENT:
        return Step.REMOVE if meeting.remote_id else Step.NOTHING
    if meeting.remote_id is None:
        return Step.LOOK_UP if is_of_earlier_life(session, meeting) else Step.MAKE
    is_told = meeting.ordered == told(order) and meeting.attempt_at is None
    return Step.NOTHING if is_told else Step.CHANGE


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


def _unconnected(connection: Connection | None) -> ProviderError:
    is_dead = bool(connection and connection.needs_reconnect_at and not connection.disconnected_at)
    reason = NEEDS_RECONNECT if is_dead else NOT_CONNECTED
    return ProviderError(BLOCKED[reason], retry=False, code=reason)
