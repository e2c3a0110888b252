"""Tell machines whether this process lives and whether it can serve."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, current_app, request
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from webapp.auth import public
from webapp.config import LOOPBACK
from webapp.context import confab, database
from webapp.errors import Busy
from webapp.services.system.granted import unreadable_grants
from webapp.services.system.readiness import applied_migration, newest_migration, refuse_read_only

blueprint = Blueprint("health", __name__)

STAYS = 1.0
"""Seconds for which an answer stands: strangers who ask often must not keep the writers waiting."""

LEAST_FREE = 0.05
MISSED_TICKS = 3


@blueprint.get("/livez")
@public
def livez() -> tuple[str, int]:
    return "ok\n", 200


@blueprint.get("/readyz")
@public
def readyz() -> tuple[str, int]:
    """The reasons are for this machine's own watcher; who comes by way of a proxy is a stranger."""
    reasons = _remembered()
    if not reasons:
        return "ready\n", 200
    return (f"not ready: {', '.join(reasons)}\n" if _is_watcher() else "not ready\n"), 503


def _remembered() -> tuple[str, ...]:
    known: tuple[float, tuple[str, ...]] | None = current_app.extensions.get("readiness")
    if known is None or time.monotonic() > known[0] + STAYS:
        known = (time.monotonic(), tuple(_reasons()))
        current_app.extensions["readiness"] = known
    return known[1]


def _reasons() -> Iterator[str]:
    try:
        yield from _of_database()
    except Busy:
        yield "busy"
    except SQLAlchemyError:
        yield "database"
    if _is_disk_full():
        yield "disk"
    if _has_stopped_ticking():
        yield "jobs"


def _of_database() -> Iterator[str]:
    with database().reading() as session:
        session.execute(text("SELECT 1"))
    if not _is_schema_current():
        yield "schema"
        return
    with database().reading() as session:
        if unreadable_grants(session):
            yield "keys"
    if not _takes_writes():
        yield "read_only"


def _is_schema_current() -> bool:
    try:
        with database().reading() as session:
            return applied_migration(session) == newest_migration()
    except SQLAlchemyError:
        return False


def _takes_writes() -> bool:
    """Takes the writer's place and gives it back; nothing is changed."""
    try:
        with database().transaction() as session:
            refuse_read_only(session)
    except SQLAlchemyError:
        return False
    return True


def _is_disk_full() -> bool:
    """Where SQLite's file lies; else where this process was started."""
    url = make_url(confab().settings.database_url)
    place = Path(url.database or "").parent if database().is_sqlite else Path()
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return False
    return usage.free < usage.total * LEAST_FREE


def _has_stopped_ticking() -> bool:
    """Where this process runs jobs, which jobs/scheduler.py notes."""
    ticks: dict[str, tuple[float, int]] = current_app.extensions.get("ticks", {})
    return any(time.monotonic() > at + MISSED_TICKS * seconds for at, seconds in ticks.values())


def _is_watcher() -> bool:
    came_directly = not any(name in request.headers for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded"))
    return came_directly and request.remote_addr in LOOPBACK and urlsplit(f"//{request.host}").hostname in LOOPBACK
