"""Look from time to time whether the provider holds what our rows say, and heal what does not agree."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask

from jobs.batch import drain
from jobs.calendar_export import speak as speak_calendar
from jobs.link_sync import speak
from webapp import clock, faults
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.models import Sweep
from webapp.providers.base import MeetingProvider
from webapp.services.calendar import sweep as calendars
from webapp.services.meeting import strays, sweep
from webapp.services.meeting.drift import store_seen
from webapp.services.system.errand import Claim
from webapp.services.system.installation import hold_of

log = logging.getLogger(__name__)

AT_ONCE = 2


def sweep_meetings(app: Flask) -> None:
    """The first tick of a process looks at all: whatever ended the one before may have ended a call half-way."""
    with app.app_context():
        _plan(is_first=not app.extensions.get(__name__))
        app.extensions[__name__] = True
    drain(app, Sweep, _sweep, at_once=AT_ONCE)


def _plan(*, is_first: bool) -> None:
    with database().reading() as session:
        if not (is_first or sweep.is_any_unplanned(session) or calendars.is_any_unplanned(session)):
            return
    with database().transaction() as session:
        sweep.plan_sweeps(session, now=clock.now())
        calendars.plan_sweeps(session, now=clock.now())
        if is_first:
            sweep.look_now(session, now=clock.now())


def _sweep(claim: Claim) -> None:
    """No transaction is open while the provider is asked."""
    quarantine = timedelta(seconds=confab().settings.quarantine_seconds)
    with database().transaction() as session:
        is_of_calendar = sweep.provider_of(session, claim) not in confab().providers.meetings
        begin = calendars.begin if is_of_calendar else sweep.begin
        look = begin(session, claim, quarantine=quarantine, now=clock.now())
    if look is None:
        return
    try:
        if isinstance(look, calendars.Look):
            look_at_calendar(look)
        else:
            _look(look, speak(look.provider, look.connection_id))
    except ProviderError as error:
        with database().transaction() as session:
            sweep.put_off(session, claim, error, now=clock.now())


def _look(look: sweep.Look, provider: MeetingProvider) -> None:
    seen = provider.coming(look.host_key)
    faults.point("sweep.listed")
    with database().transaction() as session:
        suspects = sweep.compare(session, look, seen, now=clock.now())
    mended = sum([_mends(one, provider) for one in suspects])
    removed = remove_strays(look, provider.remove)
    if mended or removed:
        log.warning("sweep", extra={"missing": mended, "strays": removed})
    with database().transaction() as session:
        sweep.end(session, look, now=clock.now())


def look_at_calendar(look: calendars.Look) -> None:
    provider = speak_calendar(look.provider, look.link_id)
    seen = provider.ours(look.calendar_id, since=clock.now())
    faults.point("sweep.listed")
    with database().transaction() as session:
        suspects = calendars.compare(session, look, seen, now=clock.now())
    for one in suspects:
        found = provider.read(look.calendar_id, one.remote_id)
        with database().transaction() as session:
            calendars.store_seen(session, one, found, now=clock.now())
    if removed := remove_strays(look, partial(provider.remove, look.calendar_id)):
        log.warning("sweep of a calendar", extra={"strays": removed})
    with database().transaction() as session:
        calendars.end(session, look, now=clock.now())


def _mends(suspect: sweep.Suspect, provider: MeetingProvider) -> bool:
    found = provider.read(suspect.remote_id)
    with database().transaction() as session:
        return store_seen(session, suspect.meeting_id, suspect.remote_id, found, now=clock.now())


def remove_strays(look: strays.Place, remove: Callable[[str], None]) -> int:
    """One look allows what it found together; between two, the brake counts again."""
    with database().reading() as session:
        if hold_of(session):
            return 0
        going = strays.removable(session, look, now=clock.now())
    for stray in going:
        remove(stray.remote_id)
        with database().transaction() as session:
            strays.store_removed(session, stray.id or 0, now=clock.now())
    return len(going)
