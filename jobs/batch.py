"""Claim due rows and run each by itself: one failure stops nobody."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from flask import Flask

from webapp import clock
from webapp.context import database
from webapp.models.system.errand import Errand
from webapp.services.system.errand import DATABASE_TROUBLE, Claim, claim_due, count_fault, is_any_due
from webapp.services.system.installation import hold_of

log = logging.getLogger(__name__)

MOST_ROUNDS = 500
"""Rounds after which a run ends although rows are due; the next tick goes on."""


def drain(app: Flask, table: type[Errand], work: Callable[[Claim], None], *, at_once: int) -> int:
    """Claim and run due rows, `at_once` side by side, until none is due or the installation is put on hold.

    Returns how many were run."""
    ran = 0
    for _ in range(MOST_ROUNDS):
        claims = _claims(app, table, at_once)
        if not claims:
            break
        run_each(app, table, claims, work)
        ran += len(claims)
    return ran


def run_each(app: Flask, table: type[Errand], claims: list[Claim], work: Callable[[Claim], None]) -> None:
    if len(claims) == 1:
        _run_one(app, table, claims[0], work)
        return
    with ThreadPoolExecutor(len(claims)) as pool:
        list(pool.map(lambda claim: _run_one(app, table, claim, work), claims))


def _claims(app: Flask, table: type[Errand], at_once: int) -> list[Claim]:
    with app.app_context():
        now = clock.now()
        with database().reading() as session:
            if not is_any_due(session, table, now=now) or hold_of(session):
                return []
        with database().transaction() as session:
            return claim_due(session, table, now=now, limit=at_once)


def _run_one(app: Flask, table: type[Errand], claim: Claim, work: Callable[[Claim], None]) -> None:
    """Our own fault on one row: the others go on, and the row comes back after its lease, five times at most."""
    with app.app_context():
        try:
            work(claim)
        except DATABASE_TROUBLE:
            log.exception("an errand found no database", extra={"errand": claim.id})
        except Exception:  # the one place: whatever one row does, it must not stop the rest
            log.exception("an errand failed", extra={"errand": claim.id})
            _count_fault(table, claim)


def _count_fault(table: type[Errand], claim: Claim) -> None:
    with suppress(*DATABASE_TROUBLE), database().transaction() as session:
        count_fault(session, table, claim, now=clock.now())
