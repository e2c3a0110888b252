"""Measure how fast the entries of an evening come to the calendars of its teachers, half at Google, half at Microsoft.

    .venv/bin/python -m bench.calendars [--teachers 60] [--slots 24] [--latency 0.25] [--workers 2] [--at google]

The stand-ins enforce the providers' limits and answer after the latency. Google's limit for a project, spread over the
minute, and our own rule of two calls at a time at each calendar (claim.LANES) say what it takes at the least. Of the
limits of Graph the nearest is four at once for a mailbox.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from factories import (
    make_appointment,
    make_contact,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
    stored,
)
from google_stage import GoogleStage, google_settings
from microsoft_stage import MicrosoftStage, microsoft_settings
from sqlmodel import Session, func, select

from bench.gauge import quantile
from webapp import clock, schema
from webapp.db import Database
from webapp.models import Appointment, CalendarEntry, CalendarLink, Contact
from webapp.providers.base import Tokens
from webapp.sandbox.google.faults import PER_PROJECT
from webapp.services.booking.consequences import follow
from webapp.services.calendar.claim import LANES
from webapp.services.system.tokens import close_tokens
from webapp.services.system.vault import Vault

KEY = "bench-only-secret-key-0123456789abcdefgh"
_STAND_IN = """
import sys
from webapp.sandbox.run import start_sandbox
with start_sandbox() as sandbox:
    print(sandbox.google_url, sandbox.microsoft_url, flush=True)
    sys.stdin.read()
"""
_WORKER = """
import os
import sys
from jobs import scheduler
from webapp import create_app
from webapp.config import Settings
only = scheduler.SCHEDULE["calendar"]._replace(seconds=1)
scheduler.SCHEDULE.clear()
scheduler.SCHEDULE["calendar"] = only
ticking = scheduler.start(create_app(Settings.from_env()))
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--teachers", type=int, default=60)
    parser.add_argument("--slots", type=int, default=24)
    parser.add_argument("--latency", type=float, default=0.25)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at", choices=["both", "google", "microsoft"], default="both", help="where the calendars are")
    asked = parser.parse_args()
    with stand_ins() as (google, microsoft, standing), tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        database = Database(url, vault=Vault([KEY]))
        schema.upgrade(database)
        fill(database, google, microsoft, teachers=asked.teachers, slots=asked.slots, at=asked.at)
        google.control("switches", latency=asked.latency)
        microsoft.control("switches", latency=asked.latency)
        entries = asked.teachers * asked.slots
        with workers(asked.workers, environment(url, google, microsoft)) as jobs:
            wish(database)
            before = [processor_ms(number) for number in (jobs, [standing])]
            await_entries(database, entries)
            after = [processor_ms(number) for number in (jobs, [standing])]
        of_jobs, of_standing = ((then - now) / entries for now, then in zip(before, after, strict=True))
        print(f"processor ms an entry: jobs {of_jobs:.1f}, stand-ins {of_standing:.1f}")
        report(database, google, microsoft, latency=asked.latency, slots=asked.slots)
        database.dispose()


def fill(
    database: Database, google: GoogleStage, microsoft: MicrosoftStage, *, teachers: int, slots: int, at: str
) -> None:
    begins = (clock.now() + timedelta(days=10)).replace(hour=8, minute=0, second=0, microsecond=0, tzinfo=None)
    with database.transaction() as session:
        school = make_school(session)
        event, family = make_event(session, school), make_contact(session, school, "Alice")
        for n in range(teachers):
            teacher = make_teacher(session, school, f"Teacher {n}")
            resource = make_resource(session, event, teacher, room=f"Room {n}")
            is_at_google = n % 2 if at == "both" else at == "google"
            account = at_google(google, n) if is_at_google else at_microsoft(microsoft, n)
            link_to(session, teacher, *account)
            for nth in range(slots):
                slot = make_slot(session, resource, at=begins + timedelta(minutes=15 * nth), kind="P")
                make_appointment(session, slot, family)


def at_google(stage: GoogleStage, n: int) -> tuple[str, Tokens, str]:
    email = f"teacher{n}@linden.example"
    stage.add_account(email, name=f"Teacher {n}", timezone="America/Chicago")
    return "google", stage.grant(email=email), email


def at_microsoft(stage: MicrosoftStage, n: int) -> tuple[str, Tokens, str]:
    email = f"teacher{n}@linden.example"
    calendar = stage.control("mailboxes", email=email, name=f"Teacher {n}")["calendar_id"]
    return "microsoft", stage.grant(email=email), str(calendar)


def link_to(session: Session, teacher: Contact, provider: str, tokens: Tokens, calendar: str) -> None:
    owner: dict[str, Any] = {"school_id": teacher.school_id, "contact_id": teacher.id, "provider": provider}
    chosen = {"calendar_id": calendar, "connected_at": clock.now(), "saved_at": clock.now()}
    close_tokens(session, stored(session, CalendarLink(**owner, **chosen)), tokens)


def wish(database: Database) -> None:
    """As one change of all appointments, such as the name of the event, does."""
    with database.transaction() as session:
        follow(session, [number for number in session.exec(select(Appointment.id)) if number], now=clock.now())


def await_entries(database: Database, number: int) -> None:
    waiting = select(func.count()).select_from(CalendarEntry).where(CalendarEntry.put_at != None)  # noqa: E711 - SQL's own
    give_up = time.monotonic() + 300
    while time.monotonic() < give_up:
        with database.reading() as session:
            if session.exec(waiting).one() == number:
                return
        time.sleep(0.5)


def processor_ms(processes: list[int]) -> float:
    """That they have used so far."""
    told = [Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split() for number in processes]
    return sum(int(one[11]) + int(one[12]) for one in told) * 1000 / os.sysconf("SC_CLK_TCK")


def report(database: Database, google: GoogleStage, microsoft: MicrosoftStage, *, latency: float, slots: int) -> None:
    states = [google.state(), microsoft.state()]
    calls = [
        call for state in states for call in state["calls"] if call["operation"] in {"events.insert", "eventCreate"}
    ]
    begun = [call["at"] for call in calls]
    took = max(begun) - min(begun) + latency
    ours, spread = slots * latency / LANES, len(google.calls("events.insert")) * 60 / PER_PROJECT
    statuses = Counter(call["status"] for call in calls)
    with database.reading() as session:
        waits = sorted(
            (entry.put_at - entry.wished_at).total_seconds()
            for entry in session.exec(select(CalendarEntry))
            if entry.put_at
        )
    p50, p95 = (quantile(waits, share) / 1000 for share in (0.5, 0.95))
    doubles = sum(n > 1 for state in states for of in state["keys_ever"].values() for n in of.values())
    print(f"{len(waits)} entries in {took:.1f} s, {len(waits) / took:.0f} a second")
    print(f"at the least: {ours:.1f} s by our lanes, {spread:.1f} s where Google's limit is spread over the minute")
    print(
        f"from wish to calendar p50 {p50:.1f} s, p95 {p95:.1f} s; answers by status {dict(statuses)}; twice: {doubles}"
    )


def environment(url: str, google: GoogleStage, microsoft: MicrosoftStage) -> dict[str, str]:
    named = google_settings(google.url, google.made) | microsoft_settings(microsoft.url, microsoft.made)
    speaking = {f"CONFAB_{name.upper()}": str(value) for name, value in named.items()}
    keys = {"CONFAB_SECRET_KEY": KEY, "CONFAB_TOKEN_KEYS": KEY, "CONFAB_DATABASE_URL": url}
    return dict(os.environ) | speaking | keys | {"CONFAB_BASE_URL": "http://localhost", "CONFAB_PRINT_PROCESSES": "0"}


@contextmanager
def workers(number: int, environment: dict[str, str]) -> Iterator[list[int]]:
    """The numbers of processes that run this one job, as each of `./confab serve` does."""
    numbers = []
    with ExitStack() as running:
        for _ in range(number):
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            one = running.enter_context(subprocess.Popen([sys.executable, "-c", _WORKER], env=environment, **pipes))  # noqa: S603 - our own
            running.callback(one.communicate, "")
            assert one.stdout is not None
            one.stdout.readline()
            numbers.append(one.pid)
        yield numbers


@contextmanager
def stand_ins() -> Iterator[tuple[GoogleStage, MicrosoftStage, int]]:
    """They have a process of their own, the number of which comes with them, and take no turns with the jobs."""
    command = [sys.executable, "-c", _STAND_IN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own
        assert running.stdout is not None
        try:
            google, microsoft = running.stdout.readline().split()
            yield GoogleStage(google), MicrosoftStage(microsoft), running.pid
        finally:
            running.communicate("")


if __name__ == "__main__":
    main()
