"""Make, change and remove online meetings as they are wished."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial

from flask import Flask

from jobs.batch import drain
from jobs.step import carry_through, circuit
from jobs.turnstile import Turnstile
from webapp import clock, faults
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.models import Meeting
from webapp.providers.base import MeetingProvider
from webapp.services.booking.consequences import follow
from webapp.services.booking.overlooked import overlooked
from webapp.services.calendar.overlooked import overlooked_entries
from webapp.services.meeting import settle
from webapp.services.meeting.budget import Allowance
from webapp.services.meeting.call import carry_out
from webapp.services.meeting.claim import claim_meetings
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system.errand import Claim
from webapp.services.system.wishes import Step, Store

log = logging.getLogger(__name__)

AT_ONCE = 24
"""A call takes about half a second, and Pro allows 30 a second; they wait for the answer, not for each other."""

MOST_WAITS = 5
"""So often a step asks for its permit, seconds apart and well within its lease, before it makes room for others."""

_turnstile = Turnstile()


def sync_links(app: Flask) -> None:
    ran = drain(app, Meeting, _sync, at_once=AT_ONCE, claim=claim_meetings)
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


def _sync(claim: Claim) -> None:
    """Decide and stamp, call with no transaction open, store what came of it."""
    faults.point("job.claimed")
    decision = _decided(claim)
    if decision.step is Step.NOTHING:
        return
    if decision.step is Step.MAKE:
        faults.point("job.attempt_stamped")
    provider = speak(decision.provider, decision.connection_id)
    _turnstile.wait(decision.connection_id, decision.label, at=decision.at, spacing=decision.spacing)
    is_done = carry_through(
        partial(_called, provider, decision),
        lambda session, error, now: settle.store_failure(session, decision, error, now=now),
        line=decision.connection_id,
        point="zoom.in_commit",
    )
    if is_done:
        faults.point("zoom.committed")


def _called(provider: MeetingProvider, decision: settle.Decision) -> Store:
    try:
        return carry_out(provider, decision)
    except ProviderError as error:
        if error.code == "bad_link":  # an account or a wire that is not what it seems: for whoever watches the log
            log.error("bad link", extra={"errand": decision.claim.id, "connection": decision.connection_id})
        raise


def _decided(claim: Claim) -> settle.Decision:
    settings = confab().settings
    for _ in range(MOST_WAITS):
        with database().transaction() as session:
            decision = settle.decide(
                session,
                claim,
                quarantine=timedelta(seconds=settings.quarantine_seconds),
                quiet=timedelta(seconds=settings.merge_seconds),
                allowance=Allowance(settings.zoom_plan, settings.zoom_host_day, _spared_until),
                now=clock.now(),
            )
        if decision.step is not Step.WAIT:
            return decision
        time.sleep(max(0.0, decision.at - time.monotonic()))
    with database().transaction() as session:
        settle.make_room(session, claim, now=clock.now())
    return settle.Decision(Step.NOTHING, claim)


def _spared_until(connection_id: int) -> datetime | None:
    return circuit().spared_until(connection_id, now=clock.now())


def speak(provider: str, connection_id: int) -> MeetingProvider:
    """The provider, with the grant of this connection."""
    tokens = ConnectionTokens(database(), connection_id, clock.now)
    return confab().providers.meetings[provider](tokens)
