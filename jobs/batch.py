"""Claim due rows and run each by itself: one failure stops nobody."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

from flask import Flask

from webapp import clock
from webapp.context import database
from webapp.models.system.errand import Errand
from webapp.services.system.errand import DATABASE_TROUBLE, Claim, claim_due, count_fault, is_any_due
from webapp.services.system.installation import hold_of

log = logging.getLogger(__name__)

Claiming = Callable[..., list[Claim]]
"""As `claim_due`."""

Result = TypeVar("Result")

_GATHER = 0.1

MOST_ROUNDS = 500
"""Rounds for each place after which a run ends although rows are due; the next tick goes on."""


def drain(
    app: Flask,
    table: type[Errand],
    work: Callable[[Claim], None],
    *,
    at_once: int,
    claim: Claiming = claim_due,
    on_hold: Claiming | None = None,
) -> int:
    """Claim and run due rows, `at_once` side by side, until none is due or the installation is put on hold: then only
    what `on_hold` claims. Who is done makes room for the next, so that a slow one keeps nobody waiting.

    Returns how many were run."""
    ran = 0
    running: set[Future[None]] = set()
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(MOST_ROUNDS * at_once):
            claims = _claims(app, table, claim, on_hold, at_once - len(running))
            if not claims and not running:
                break
            running |= {pool.submit(_run_one, app, table, one, work) for one in claims}
            ran += len(claims)
            running = _still_running(running, at_once)
    return ran


def _still_running(running: set[Future[None]], at_once: int) -> set[Future[None]]:
    """When there is room again: for several, if they come soon, for each claim takes the writer's place once."""
    done, running = wait(running, return_when=FIRST_COMPLETED)
    soon = time.monotonic() + _GATHER
    while running and at_once - len(running) < max(2, at_once // 3) and (left := soon - time.monotonic()) > 0:
        more, running = wait(running, timeout=left, return_when=FIRST_COMPLETED)
        done |= more
    for one in done:
        one.result()
    return running


def _claims(app: Flask, table: type[Errand], claim: Claiming, on_hold: Claiming | None, room: int) -> list[Claim]:
    with app.app_context():
        now = clock.now()
        with database().reading() as session:
            if not is_any_due(session, table, now=now):
                return []
            allowed = on_hold if hold_of(session) else claim
        if allowed is None:
            return []
        with database().transaction() as session:
            return allowed(session, table, now=now, limit=room)


def _run_one(app: Flask, table: type[Errand], claim: Claim, work: Callable[[Claim], None]) -> None:
    def alone(_claims: Sequence[Claim]) -> list[None]:
        work(claim)
        return []

    with app.app_context():
        contained(table, [claim], alone)


def contained(
    table: type[Errand], claims: Sequence[Claim], deed: Callable[[Sequence[Claim]], list[Result]]
) -> list[Result]:
    """Our own fault on one row: the others go on, each by itself where they were together, and the row comes back after
    its lease, five times at most."""
    try:
        return deed(claims)
    except DATABASE_TROUBLE:
        log.exception("an errand found no database", extra={"errand": claims[0].id})
        return []
    except Exception:  # the one place: whatever one row does, it must not stop the rest
        if len(claims) == 1:
            log.exception("an errand failed", extra={"errand": claims[0].id})
            _count_fault(table, claims[0])
            return []
    return [result for claim in claims for result in contained(table, [claim], deed)]


def _count_fault(table: type[Errand], claim: Claim) -> None:
    with suppress(*DATABASE_TROUBLE), database().transaction() as session:
        count_fault(session, table, claim, now=clock.now())
