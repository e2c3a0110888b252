"""Read when teachers are busy by the calendars that shall block their slots."""

import logging

from flask import Flask

from jobs.batch import drain
from jobs.calendar_export import spared_until, speak
from jobs.step import carry_through
from webapp import clock
from webapp.context import database
from webapp.models import CalendarLink
from webapp.services.booking.collisions import any_settled, let_settled_be
from webapp.services.calendar import read_busy
from webapp.services.system.errand import Claim

log = logging.getLogger(__name__)

AT_ONCE = 8


def import_busy_times(app: Flask) -> None:
    """Each reading judges the teacher's appointments; of a calendar that was parted from, no reading tells."""
    ran = drain(app, CalendarLink, _read, at_once=AT_ONCE)
    with app.app_context():
        with database().reading() as session:
            is_any = any_settled(session)
        if is_any:
            with database().transaction() as session:
                let_settled_be(session, now=clock.now())
    if ran:
        log.info("calendar import", extra={"links": ran})


def _read(claim: Claim) -> None:
    """No transaction is open while the provider is asked."""
    with database().transaction() as session:
        reading = read_busy.begin(session, claim, spared_until=spared_until, now=clock.now())
    if reading is None:
        return
    carry_through(
        lambda: read_busy.carry_out(speak(reading.provider, reading.link_id), reading),
        lambda session, error, now: read_busy.store_failure(session, reading, error, now=now),
        line=reading.provider,
        part=reading.link_id,
        point="busy.in_commit",
    )
