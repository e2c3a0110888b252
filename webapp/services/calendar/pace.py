"""Leave a calendar alone for as long as its provider asks, and a provider that is in trouble."""

import random
from datetime import datetime, timedelta

from sqlmodel import Session

from webapp.errors import N_, ProviderError
from webapp.models import CalendarLink
from webapp.models.calendar.calendar_link import GOOGLE, MICROSOFT

RATE = "rate"
SHARE = 0.94
"""Of what is allowed, for calls do not arrive as evenly as they are sent."""

_A_MINUTE = {GOOGLE: (600, 10_000), MICROSOFT: (1_000, 60_000)}
"""Calls of one account, and of the installation's project, by provider (PROVIDERS 2, 3). Microsoft counts by mailbox
only; one call at a time keeps its other limit."""

_AT_LEAST = timedelta(seconds=2)
_JITTER = 2.0
_SLOWER = N_("The calendar asks us to go slower.")
_OUTAGE = N_("The calendar cannot be reached. It goes on by itself as soon as it can.")


def is_limit(error: ProviderError) -> bool:
    return error.code in {RATE, "concurrent"}


def note_limit(session: Session, link_id: int, error: ProviderError, *, now: datetime) -> None:
    """It stops this calendar only (PROVIDERS 2, 3): the job goes on with the others."""
    link = session.get(CalendarLink, link_id, with_for_update=True, populate_existing=True)
    if link is not None:
        until = max(error.after or now, now + _AT_LEAST)
        link.paused_until = max(link.paused_until or until, until)
        session.flush()


def pause_of(link: CalendarLink, *, now: datetime) -> ProviderError | None:
    """Why no call may be made now, and until when; None where it may."""
    is_paused = link.paused_until is not None and now < link.paused_until
    return _refused(RATE, _SLOWER, link.paused_until) if is_paused and link.paused_until else None


def outage_until(spared_until: datetime | None) -> ProviderError | None:
    return _refused("outage", _OUTAGE, spared_until) if spared_until else None


def spacing_of(provider: str) -> tuple[float, float]:
    """Seconds between the calls at one calendar account, and between all of a process."""
    account, everybody = _A_MINUTE[provider]
    return 60 / account / SHARE, 60 / everybody / SHARE


def _refused(code: str, words: str, until: datetime) -> ProviderError:
    """With a jitter, so that not all begin again in one instant."""
    after = until + timedelta(seconds=random.uniform(0, _JITTER))  # noqa: S311 - jitter, not a secret
    return ProviderError(words, retry=True, after=after, code=code)
