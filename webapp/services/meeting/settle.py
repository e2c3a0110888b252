"""Store what came of a meeting's step where the claim is still ours."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import ProviderError
from webapp.models import Host, Meeting
from webapp.models.system.wished import ABSENT, PRESENT
from webapp.providers.base import MadeMeeting, MeetingOrder, PasscodeRule
from webapp.services.booking.consequences import follow
from webapp.services.meeting.budget import give_back, note_limit
from webapp.services.meeting.claimed import connection_of, is_of_earlier_life, lock_appointments, locked, told
from webapp.services.meeting.decide import RULE_READ, Decision
from webapp.services.meeting.order import new_marker
from webapp.services.system.errand import Claim, growing_pause, settled, write_if_ours
from webapp.services.system.installation import life_of
from webapp.services.system.wishes import Step, after_failure

SHORT_PAUSE = timedelta(seconds=1)
_SHORT = frozenset({"rate", "concurrent"})
"""Refused for this second only: what others do meanwhile is slowed by the budget, so one need not wait long."""

_NEVER_LEFT = frozenset({"unreachable", "timeout", "busy", "late"})
"""Of a write that did not arrive: there was no connection, or it was too late to begin."""

_NO_USER = "not_found"
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
class Outcome:
    """What came of a call; `store` says whether something follows from that."""

    claim: Claim
    appointment_id: int
    store: Callable[[Session, datetime], bool]


def make_room(session: Session, claim: Claim, *, now: datetime) -> None:
    """The account's rate was taken by others for long: back into the queue, behind those that wait already."""
    write_if_ours(session, Meeting, claim, due_at=growing_pause(0, now=now), claim=None)


def put_back(decision: Decision) -> Outcome:
    """At each host one step is decided at a time."""
    raise AssertionError(decision.step)


def store(session: Session, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """What the calls brought may be overtaken already, and the letters wait for it."""
    lock_appointments(session, [outcome.claim for outcome in outcomes])
    to_follow = [outcome.appointment_id for outcome in outcomes if outcome.store(session, now)]
    session.expire_all()
    follow(session, to_follow, now=now)


def store_made(session: Session, claim: Claim, order: MeetingOrder, made: MadeMeeting, *, now: datetime) -> bool:
    """Write what the provider answered. False if a newer wish overtook the call: then nothing is written."""
    meeting = locked(session, claim)
    if meeting is None:
        return False
    link = {"remote_id": made.remote_id, "join_url": made.join_url, "passcode": made.passcode}
    columns = {**settled(), **link, "ordered": told(order), "linked_at": meeting.linked_at or now}
    # Of a start that is over the provider keeps another, whatever it is told.
    if order.starts_at > now and made.starts_at not in {None, order.starts_at}:
        columns |= _told_another_time(meeting, now=now)
    return write_if_ours(session, Meeting, claim, **columns)


def store_adopted(session: Session, claim: Claim, order: MeetingOrder, made: MadeMeeting, *, now: datetime) -> bool:
    """What the look-up found is ours. If it was wished away meanwhile, it is removed next."""
    meeting = locked(session, claim)
    if meeting is None or meeting.wish == ABSENT:
        write_if_ours(session, Meeting, claim, **{**settled(), "remote_id": made.remote_id, "due_at": now})
        return False
    return store_made(session, claim, order, made, now=now)


def store_not_found(session: Session, claim: Claim, *, now: datetime) -> bool:
    """The earlier call did not arrive: the next claim may make the meeting, or settle that there is none. What an
    earlier life of the data made is looked for once: from now on the row has a marker of this one."""
    meeting = locked(session, claim)
    columns: dict[str, object] = {"attempt_at": None, "claim": None, "due_at": now}
    if meeting is not None and is_of_earlier_life(session, meeting):
        columns["marker"] = new_marker(life_of(session))
    return write_if_ours(session, Meeting, claim, **columns)


def store_gone(session: Session, claim: Claim, *, now: datetime) -> bool:
    """The meeting is not there any more. Where it was wished away that is the end; else it is made anew."""
    meeting = locked(session, claim)
    if meeting is None or meeting.wish == ABSENT:
        write_if_ours(session, Meeting, claim, **settled(), gone_at=now)
    else:
        write_if_ours(session, Meeting, claim, **{**settled(), **_NOTHING, "due_at": now})
    return False


def store_missing(session: Session, meeting_id: int, remote_id: str, *, now: datetime) -> None:
    """Somebody deleted it at the provider: it is made anew, unless the row is another or worked on by now."""
    lock_appointments(session, [Claim(meeting_id, "")])
    meeting = locked(session, Claim(meeting_id, ""))
    is_idle = meeting is not None and meeting.due_at is None and meeting.claim is None
    if meeting is None or not is_idle or (meeting.wish, meeting.remote_id) != (PRESENT, remote_id):
        return
    for name, value in {**_NOTHING, "due_at": now, "wished_at": now}.items():
        setattr(meeting, name, value)
    session.flush()
    wake(session, "meeting")
    _follow(session, meeting, now=now)


def store_failure(session: Session, decision: Decision, error: ProviderError, *, now: datetime) -> None:
    lock_appointments(session, [decision.claim])
    meeting = locked(session, decision.claim)
    if meeting is None:
        return
    columns = _after_failure(meeting, decision.step, error, now=now)
    connection = connection_of(session, meeting)
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
    again = {"attempt_at": None, "claim": None, "due_at": now, "problem_code": RULE_READ}
    write_if_ours(session, Meeting, decision.claim, **again)
    return False


def _follow(session: Session, meeting: Meeting, *, now: datetime) -> None:
    """What the call brought may be overtaken already, and the letters wait for it."""
    session.expire_all()
    follow(session, [meeting.appointment_id], now=now)


def _told_another_time(meeting: Meeting, *, now: datetime) -> dict[str, object]:
    """What an earlier call told, or somebody at the provider: it is told again, at growing pauses if that does not
    help."""
    due_at = now if meeting.remote_id is None else growing_pause(meeting.attempts, now=now)
    return {"ordered": "", "attempts": meeting.attempts, "due_at": due_at}
