"""Make, change and remove online meetings as they are wished."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Flask

from jobs.rounds import Rounds, drain_in_rounds
from jobs.step import call_through, circuit
from jobs.turnstile import Turnstile
from webapp import clock, faults
from webapp.config import Settings
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.models import Connection, Meeting
from webapp.providers.base import MeetingProvider
from webapp.services.booking.consequences import follow
from webapp.services.booking.overlooked import overlooked
from webapp.services.calendar.overlooked import overlooked_entries
from webapp.services.meeting import settle
from webapp.services.meeting.budget import Allowance
from webapp.services.meeting.call import carry_out
from webapp.services.meeting.claim import claim_meetings
from webapp.services.meeting.decide import Decision, decide, decide_each
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system.wishes import Step

log = logging.getLogger(__name__)

AT_ONCE = 24
"""A call takes about half a second, and Pro allows 30 a second; they wait for the answer, not for each other."""

MOST_WAITS = 5
"""So often a step asks for its permit, seconds apart and well within its lease, before it makes room for others."""

_turnstile = Turnstile()


def sync_links(app: Flask) -> None:
    with app.app_context():
        settings = confab().settings
    work = Rounds(
        Meeting,
        claim=claim_meetings,
        decide=lambda session, claims: decide_each(session, claims, **_terms(settings)),
        calling=lambda _: _called,
        put_back=settle.put_back,
        store=lambda session, outcomes: settle.store(session, outcomes, now=clock.now()),
        gather=0.04,
        soon=0.04,
        storing_point="zoom.in_commit",
        stored_point="zoom.committed",
    )
    ran = drain_in_rounds(app, work, at_once=AT_ONCE)
    if ran:
        log.info("link sync", extra={"meetings": ran})


def follow_overlooked(app: Flask) -> None:
    """As a rule nobody was, and nothing is written."""
    with app.app_context():
        with database().reading() as session:
            meetings, entries = overlooked(session, now=clock.now()), overlooked_entries(session, now=clock.now())
        if not meetings and not entries:
            return
        with database().transaction() as session:
            follow(session, [*meetings, *entries], now=clock.now())
        log.warning("overlooked", extra={"meetings": len(meetings), "entries": len(entries)})


def _called(decision: Decision) -> settle.Outcome | None:
    if decision.step is Step.WAIT:
        decision = _waited(decision)
    if decision.step is Step.NOTHING:
        return None
    if decision.step is Step.MAKE:
        faults.point("job.attempt_stamped")
    provider = speak(decision.provider, decision.connection_id, known=decision.connection)
    return call_through(
        partial(_asked, provider, decision),
        lambda session, error, now: settle.store_failure(session, decision, error, now=now),
        line=decision.connection_id,
    )


def _asked(provider: MeetingProvider, decision: Decision) -> settle.Outcome:
    key = (decision.connection_id, decision.label)
    try:
        with _turnstile.turn(key, at=decision.at, spacing=decision.spacing, burst=decision.burst):
            return carry_out(provider, decision)
    except ProviderError as error:
        if error.code == "bad_link":  # an account or a wire that is not what it seems: for whoever watches the log
            log.error("bad link", extra={"errand": decision.claim.id, "connection": decision.connection_id})
        raise


def _waited(decision: Decision) -> Decision:
    """What is to be done once the rate may allow it."""
    for _ in range(MOST_WAITS):
        time.sleep(max(0.0, decision.at - time.monotonic()))
        with database().transaction() as session:
            decision = decide(session, decision.claim, **_terms(confab().settings))
        if decision.step is not Step.WAIT:
            return decision
    with database().transaction() as session:
        settle.make_room(session, decision.claim, now=clock.now())
    return Decision(Step.NOTHING, decision.claim)


def _terms(settings: Settings) -> dict[str, Any]:
    """What decides beside the rows."""
    return {
        "quarantine": timedelta(seconds=settings.quarantine_seconds),
        "quiet": timedelta(seconds=settings.merge_seconds),
        "allowance": Allowance(settings.zoom_plan, settings.zoom_host_day, _spared_until),
        "now": clock.now(),
    }


def _spared_until(connection_id: int) -> datetime | None:
    return circuit().spared_until(connection_id, now=clock.now())


def speak(provider: str, connection_id: int, *, known: Connection | None = None) -> MeetingProvider:
    """The provider, with the grant of this connection; `known` is its row, where it was read this moment."""
    tokens = ConnectionTokens(database(), connection_id, clock.now, known=known)
    return confab().providers.meetings[provider](tokens)
