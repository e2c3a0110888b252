"""Make, change and remove online meetings as they are wished."""

import logging
from datetime import timedelta

from flask import Flask

from jobs.batch import drain
from webapp import clock, faults
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.models import Meeting
from webapp.providers.base import MeetingProvider
from webapp.services.booking.consequences import follow
from webapp.services.booking.overlooked import overlooked
from webapp.services.meeting import settle
from webapp.services.meeting.call import carry_out
from webapp.services.meeting.tokens import StoredTokens
from webapp.services.system.errand import Claim

log = logging.getLogger(__name__)

AT_ONCE = 4


def sync_links(app: Flask) -> None:
    ran = drain(app, Meeting, _sync, at_once=AT_ONCE)
    if ran:
        log.info("link sync", extra={"meetings": ran})


def follow_overlooked(app: Flask) -> None:
    """As a rule nobody was, and nothing is written."""
    with app.app_context():
        with database().reading() as session:
            some = overlooked(session, now=clock.now())
        if not some:
            return
        with database().transaction() as session:
            follow(session, some, now=clock.now())
        log.warning("overlooked", extra={"meetings": len(some)})


def _sync(claim: Claim) -> None:
    """Decide and stamp, call with no transaction open, store what came of it."""
    faults.point("job.claimed")
    with database().transaction() as session:
        quarantine = timedelta(seconds=confab().settings.quarantine_seconds)
        decision = settle.decide(session, claim, quarantine=quarantine, now=clock.now())
    if decision.step is settle.Step.NOTHING:
        return
    if decision.step is settle.Step.MAKE:
        faults.point("job.attempt_stamped")
    provider = speak(decision.provider, decision.connection_id)
    try:
        store = carry_out(provider, decision)
    except ProviderError as error:
        with database().transaction() as session:
            settle.store_failure(session, decision, error, now=clock.now())
        return
    with database().transaction() as session:
        store(session, clock.now())
        faults.point("zoom.in_commit")
    faults.point("zoom.committed")


def speak(provider: str, connection_id: int) -> MeetingProvider:
    """The provider, with the grant of this connection."""
    tokens = StoredTokens(database(), connection_id, clock.now)
    return confab().providers.meetings[provider](tokens)
