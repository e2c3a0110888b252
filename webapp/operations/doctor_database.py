"""Judge the database: that it can be used, that the keys open what it holds, that somebody does what is due."""

from collections.abc import Collection, Generator, Iterator
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from webapp import clock, schema
from webapp.context import Confab
from webapp.db import Database
from webapp.errors import Busy
from webapp.operations.doctor_clock import database_clock
from webapp.operations.finding import Finding, bad, ok, warn
from webapp.services.calendar.linked import linked_now, living_by_provider
from webapp.services.event.drifted import drifted_slots
from webapp.services.system.granted import live_grants, unreadable_grants
from webapp.services.system.installation import hold_of, last_check
from webapp.services.system.overdue import overdue
from webapp.services.system.readiness import refuse_read_only
from webapp.services.system.rekey import under_older_keys

_PRAGMAS: dict[str, object] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "trusted_schema": 0,
    "busy_timeout": 0,
}
_LATE, _TOO_LATE = timedelta(minutes=1), timedelta(minutes=10)
_NAMED = 10
_CHECKED_WITHIN = timedelta(days=8)


def database_findings(installed: Confab) -> Generator[Finding, None, bool]:
    """Returns whether the outside may be asked in the name of what is stored: not while it is on hold."""
    database = installed.database
    try:
        is_current = schema.is_current(database)
    except SQLAlchemyError as error:
        todo = "Is it running, and is CONFAB_DATABASE_URL right?"
        yield bad("database", f"cannot be used: {getattr(error, 'orig', error)}", todo)
        return False
    if not is_current:
        yield bad("schema", "not that of this version", "./confab db upgrade")
        return False
    yield _schema(database)
    yield _writable(database)
    if database.is_sqlite:
        yield _pragmas(database)
    with database.reading() as session:
        if not database.is_sqlite:
            yield database_clock(session)
        yield _keys(session)
        yield _calendars(session)
        yield from _not_offered(session, installed.providers.calendars)
        yield from _drifted(session, now=clock.now())
        yield from _life(session, now=clock.now())
        return hold_of(session) is None


def _schema(database: Database) -> Finding:
    """A guard that is gone is missed by nobody until two people have one time (RELIABILITY D16)."""
    if missing := schema.lacking(database):
        return bad("schema", f"lacks, or has otherwise: {', '.join(missing)}", schema.REMEDY)
    return ok("schema", "that of this version")


def _writable(database: Database) -> Finding:
    try:
        with database.transaction() as session:
            refuse_read_only(session)
    except Busy:
        return bad("writing", "somebody holds the writer's place for good", "Find and end the process that hangs.")
    except SQLAlchemyError as error:
        todo = "Who runs Confab has to own the file and its folder; a PostgreSQL standby takes no writes."
        return bad("writing", f"not possible: {getattr(error, 'orig', error)}", todo)
    return ok("writing", "possible")


def _pragmas(database: Database) -> Finding:
    with database.reading() as session:
        found = {name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in _PRAGMAS}
    wrong = [f"{name} is {found[name]}, not {wanted}" for name, wanted in _PRAGMAS.items() if found[name] != wanted]
    if wrong:
        return bad("sqlite", "; ".join(wrong), "The disk may not allow it: keep the database on a local one.")
    return ok("sqlite", "write-ahead log, every commit on the disk, ties checked")


def _keys(session: Session) -> Finding:
    unreadable, live = unreadable_grants(session), len(live_grants(session))
    if unreadable:
        todo = "Add the key that they were stored with to CONFAB_TOKEN_KEYS, after the new one, or connect all again."
        return bad("keys", f"do not open the tokens of {len(unreadable)} of {live} connections and calendars", todo)
    if older := under_older_keys(session):
        words = f"open the tokens of all {live} connections and calendars; {older} secrets stand under an older key"
        todo = "./confab rekey, and print anew what families have on paper; then the older key can be taken out."
        return warn("keys", words, todo)
    return ok("keys", f"open the tokens of all {live} connections and calendars")


def _calendars(session: Session) -> Finding:
    living, dead = linked_now(session)
    words = f"{living} linked"
    if dead:
        todo = "Their owners were mailed: each signs in again on Calendar Sync."
        return warn("calendars", f"{words}, {dead} whose permission has ended", todo)
    return ok("calendars", words)


def _not_offered(session: Session, offered: Collection[str]) -> Iterator[Finding]:
    """On one of several machines too: what it claims it cannot do, and puts off for the others."""
    for provider, number in sorted(living_by_provider(session).items()):
        if provider not in offered:
            name = provider.upper()
            todo = (
                f"Set CONFAB_{name}_CLIENT_ID and CONFAB_{name}_CLIENT_SECRET again; what waits for them then goes on."
            )
            yield bad(f"{provider} calendars", f"{number} linked, and this machine may call none of them", todo)


def _drifted(session: Session, *, now: datetime) -> Iterator[Finding]:
    """A version of the time zones' rules that came after the slots were made."""
    for one in drifted_slots(session, now=now):
        numbers = ", ".join(map(str, one.slots[:_NAMED])) + (" …" if len(one.slots) > _NAMED else "")
        words = f"{len(one.slots)} coming slots begin at another time than was typed: {numbers}"
        example = f"the first at {one.shown}, typed as {one.typed}"
        todo = (
            "The rules of its zone have changed. To keep what was typed, Edit Details / Change time zone: to another "
            "zone and back again, with the mails at the second time; meetings and calendars follow. Slots that were "
            "made since for the same times have to be deleted first, and made again after it."
        )
        yield bad(f"times of event {one.event_id}", f"{words} ({example})", todo)


def _life(session: Session, *, now: datetime) -> Iterator[Finding]:
    held = hold_of(session)
    if held:
        todo = "./confab resume, but only if no other installation runs on this data."
        yield warn("hold", f"since {held.since:%Y-%m-%d %H:%M} UTC. {held.because}".strip(), todo)
    else:
        yield ok("hold", "mail and calls may leave")
        yield _jobs(session, now=now)
    checked = last_check(session)
    if checked is None or now - checked > _CHECKED_WITHIN:
        when = f"last seen to hold {(now - checked).days} days ago" if checked else "never looked at"
        yield warn("invariants", when, "./confab check, every night (docs/deploying.md)")
    else:
        yield ok("invariants", f"last seen to hold on {checked:%Y-%m-%d %H:%M} UTC")


def _jobs(session: Session, *, now: datetime) -> Finding:
    """By what they leave undone: which process ticks is not written down anywhere."""
    due = overdue(session, now=now)
    age = max((now - one.since for one in due), default=timedelta())
    if age < _LATE:
        return ok("jobs", "nothing is overdue")
    waiting = ", ".join(one.words for one in due)
    words = f"{waiting} waiting, the longest for {int(age.total_seconds() // 60)} min"
    todo = "Is ./confab serve running, with CONFAB_RUN_JOBS not false in at least one process?"
    return (bad if age >= _TOO_LATE else warn)("jobs", words, todo)
