"""Run the long work that somebody started and watches."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from flask import Flask

from jobs.batch import drain
from webapp import clock
from webapp.context import confab, database
from webapp.db import Database
from webapp.models import Task
from webapp.providers.base import Providers
from webapp.services.booking.bulk import KIND as APPOINTMENTS
from webapp.services.booking.bulk import run_bulk
from webapp.services.event.slots_task import KIND as SLOTS
from webapp.services.event.slots_task import run_slots
from webapp.services.meeting.map_contacts import KIND as MAP_CONTACTS
from webapp.services.meeting.map_contacts import run_mapping
from webapp.services.meeting.map_teacher import KIND as MAP_TEACHER
from webapp.services.meeting.map_teacher import run_lookup
from webapp.services.meeting.mapping_due import is_any_mapping_due, start_due_mappings
from webapp.services.roster.import_task import KIND as APPLY_IMPORT
from webapp.services.roster.import_task import run_import
from webapp.services.system.errand import Claim
from webapp.services.system.revoke import KIND as REVOKE
from webapp.services.system.revoke import run_revoke
from webapp.services.system.task import claim_kinds


def _import(database: Database, _: Providers, claim: Claim, clock: Callable[[], datetime]) -> None:
    run_import(database, claim, clock)


def _slots(database: Database, _: Providers, claim: Claim, clock: Callable[[], datetime]) -> None:
    run_slots(database, claim, clock)


_INSIDE = {APPOINTMENTS: run_bulk, APPLY_IMPORT: _import, SLOTS: _slots}
"""Call nobody, and are run while the installation is on hold too: the office goes on working."""

_RUNS = _INSIDE | {MAP_CONTACTS: run_mapping, MAP_TEACHER: run_lookup, REVOKE: run_revoke}


def run_tasks(app: Flask) -> None:
    drain(app, Task, _run, at_once=1, on_hold=partial(claim_kinds, kinds=_INSIDE.keys()))


def _run(claim: Claim) -> None:
    with database().reading() as session:
        kind = session.get_one(Task, claim.id).kind
    _RUNS[kind](database(), confab().providers, claim, clock.now)


def plan_mappings(app: Flask) -> None:
    """Each school's users are read once a night, and soon after they changed."""
    with app.app_context():
        with database().reading() as session:
            if not is_any_mapping_due(session, now=clock.now()):
                return
        with database().transaction() as session:
            start_due_mappings(session, now=clock.now())
