"""Leave a calendar alone for as long as its provider asks, and a provider that is in trouble."""

import random
from datetime import datetime, timedelta

from sqlmodel import Session

from webapp.errors import N_, ProviderError
from webapp.models import CalendarLink
from webapp.models.calendar.calendar_link import GOOGLE, MICROSOFT
from webapp.services.calendar.claim import LANES
from webapp.services.system.allowance import room_again, take

RATE = "rate"
SHARE = 0.94
"""Of what is allowed, for calls do not arrive as evenly as they are sent."""

_ACCOUNT = {GOOGLE: 600, MICROSOFT: 1_000}
"""Calls of one account in a minute (PROVIDERS 2, 3)."""

_PROJECT = {GOOGLE: 10_000}
"""Calls in any minute of all accounts together. Microsoft counts by mailbox only; two lanes (claim) keep its other
limit."""

_MINUTE = timedelta(seconds=66)
"""Of grants. A call begins within PROMPT (settle), 5 s, after it was granted, and is a moment on its way."""

_AT_LEAST = timedelta(seconds=2)
_JITTER = 2.0
_SLOWER = N_("The calendar asks us to go slower.")
_OUTAGE = N_("The calendar cannot be reached. It goes on by itself as soon as it can.")


def is_limit(error: ProviderError) -> bool:
    return error.code in {RATE, "concurrent"}


def note_limit(session: Session, link_id: int, error: ProviderError, *, now: datetime) -> None:
    """It stops this calendar only (PROVIDERS 2, 3): the job goes on with the others."""
    link = session.get(CalendarLink, link_id, with_for_update={"key_share": True}, populate_existing=True)
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


def spacing_of(provider: str) -> float:
    """Seconds between the calls of one lane at a calendar account."""
    return LANES * 60 / _ACCOUNT[provider] / SHARE


def grant(session: Session, provider: str, calls: int, *, now: datetime) -> int:
    """How many of so many calls the provider's limit for the whole installation has room for, by rows, so that all
    processes keep it together; the others may ask again `granted_again`."""
    if provider not in _PROJECT or not calls:
        return calls
    return take(session, _calls(provider), calls, limit=_PROJECT[provider], per=_MINUTE, now=now)


def granted_again(session: Session, provider: str, *, now: datetime) -> datetime:
    return room_again(session, _calls(provider), per=_MINUTE, now=now)


def _calls(provider: str) -> str:
    return f"calls {provider}"


def _refused(code: str, words: str, until: datetime) -> ProviderError:
    """With a jitter, so that not all begin again in one instant."""
    after = until + timedelta(seconds=random.uniform(0, _JITTER))  # noqa: S311 - jitter, not a secret
    return ProviderError(words, retry=True, after=after, code=code)
