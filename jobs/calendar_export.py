"""Keep the entries of appointments on the calendars of their teachers."""

import logging
from datetime import datetime, timedelta
from functools import partial

from flask import Flask

from jobs.batch import drain
from jobs.step import carry_through, circuit
from jobs.turnstile import Turnstile
from webapp import clock
from webapp.context import confab, database
from webapp.models import CalendarEntry
from webapp.providers.base import CalendarProvider
from webapp.services.calendar import settle
from webapp.services.calendar.call import carry_out
from webapp.services.calendar.claim import claim_entries
from webapp.services.calendar.pace import spacing_of
from webapp.services.calendar.tokens import LinkTokens
from webapp.services.system.errand import Claim
from webapp.services.system.wishes import Step

log = logging.getLogger(__name__)

AT_ONCE = 24
"""Calendars side by side; on each of them one call after the other."""

_turnstile = Turnstile()


def export_entries(app: Flask) -> None:
    ran = drain(app, CalendarEntry, _export, at_once=AT_ONCE, claim=claim_entries)
    if ran:
        log.info("calendar export", extra={"entries": ran})


def _export(claim: Claim) -> None:
    """Decide and stamp, call with no transaction open, store what came of it."""
    settings = confab().settings
    with database().transaction() as session:
        decision = settle.decide(
            session,
            claim,
            quarantine=timedelta(seconds=settings.quarantine_seconds),
            base_url=settings.base_url,
            spared_until=_spared_until,
            now=clock.now(),
        )
    if decision.step is Step.NOTHING:
        return
    provider = speak(decision.provider, decision.link_id)
    _wait(decision)
    carry_through(
        partial(carry_out, provider, decision),
        lambda session, error, now: settle.store_failure(session, decision, error, now=now),
        line=decision.provider,
        point="cal.in_commit",
    )


def _wait(decision: settle.Decision) -> None:
    """A change is read before it is told."""
    calls = 2 if decision.told else 1
    of_account, of_all = spacing_of(decision.provider)
    _turnstile.wait(0, decision.provider, at=0, spacing=calls * of_all)
    _turnstile.wait(decision.link_id, decision.provider, at=0, spacing=calls * of_account)


def _spared_until(provider: str) -> datetime | None:
    return circuit().spared_until(provider, now=clock.now())


def speak(provider: str, link_id: int) -> CalendarProvider:
    """The provider, with the grant of this link."""
    tokens = LinkTokens(database(), link_id, clock.now)
    return confab().providers.calendars[provider](tokens)
