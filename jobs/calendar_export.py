"""Keep the entries of appointments on the calendars of their teachers."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial

from flask import Flask

from jobs.rounds import Rounds, drain_in_rounds
from jobs.step import call_through, circuit
from jobs.turnstile import Turnstile
from webapp import clock
from webapp.context import confab, database
from webapp.models import CalendarEntry, CalendarLink
from webapp.providers.base import CalendarProvider
from webapp.services.calendar import settle
from webapp.services.calendar.call import carry_out
from webapp.services.calendar.claim import claim_entries
from webapp.services.calendar.pace import spacing_of
from webapp.services.calendar.tokens import LinkTokens

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Lanes of calendars side by side; on each of them one call after the other."""

_turnstile = Turnstile()


def export_entries(app: Flask) -> None:
    with app.app_context():
        settings = confab().settings
    work = Rounds(
        CalendarEntry,
        claim=claim_entries,
        decide=lambda session, claims: settle.decide(
            session,
            claims,
            quarantine=timedelta(seconds=settings.quarantine_seconds),
            base_url=settings.base_url,
            spared_until=spared_until,
            now=clock.now(),
        ),
        calling=_calling,
        put_back=settle.put_back,
        store=lambda session, outcomes: settle.store(session, outcomes, base_url=settings.base_url, now=clock.now()),
        gather=0.25,
        soon=0.04,
        storing_point="cal.in_commit",
    )
    ran = drain_in_rounds(app, work, at_once=AT_ONCE)
    if ran:
        log.info("calendar export", extra={"entries": ran})


def _calling(first: settle.Decision) -> Callable[[settle.Decision], settle.Outcome | None]:
    return partial(_called, cache(partial(speak, first.link.provider, first.link_id, known=first.link)))


def _called(speaking: Callable[[], CalendarProvider], decision: settle.Decision) -> settle.Outcome | None:
    spacing = spacing_of(decision.link.provider)
    with _turnstile.turn(decision.place, at=0, spacing=spacing, burst=decision.calls):
        return call_through(
            lambda: carry_out(speaking(), decision),
            lambda session, error, now: settle.store_failure(session, decision, error, now=now),
            line=decision.link.provider,
            part=decision.link_id,
        )


def spared_until(provider: str, link_id: int) -> datetime | None:
    return circuit().spared_until(provider, part=link_id, now=clock.now())


def speak(provider: str, link_id: int, *, known: CalendarLink | None = None) -> CalendarProvider:
    """The provider, with the grant of this link; `known` is its row, where it was read this moment. Raises
    ProviderError where it is not offered here any more."""
    return confab().providers.calendar(provider, LinkTokens(database(), link_id, clock.now, known=known))
