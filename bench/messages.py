"""Measure a run of reminders, each with its PDF and calendar file, and what the bare libraries take in the same run.

    .venv/bin/python -m bench.messages [--mails 500] [--appointments 3]

Every family has that many appointments tomorrow, each with a link of its own. The mails go over SMTP to the stand-in's
mailbox, which has a process of its own. Prints Markdown.
"""

import argparse
import io
import multiprocessing
import os
import re
import smtplib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import factories as make
from flask import Flask
from icalendar import Calendar, Event
from sqlmodel import col, func, select
from xhtml2pdf import pisa

from bench.gauge import tree_seconds
from bench.links import stand_in
from bench.places import SQLITE, migrated, place
from jobs.mail_delivery import deliver_mail
from jobs.reminders import remind
from webapp import create_app
from webapp.config import Settings
from webapp.db import Database
from webapp.documents.calendar_file import CalendarEntry, Party, invitation
from webapp.documents.itinerary import Day, Itinerary, Line
from webapp.documents.paper import PAGES, schedule_html
from webapp.documents.press import Press
from webapp.models import Meeting, Message

LINK = "https://lindenpark.zoom.example/j/{}?pwd=Qk1vT2RmYzJ1NnhHc3l0ZUw5M2dGUT09"
_ROW = "| {} | {:.1f} | {:.1f} | {:.1f} |"
PRINTED = 100
"""Documents, and calendar files, that are made without a mail."""


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of the processor."""

    clock: float
    processor: float


def main() -> None:
    asked = _arguments()
    print("| what | per s | processor ms each | clock ms each |\n| --- | --- | --- | --- |")
    with stand_in() as (_, smtp), place(SQLITE) as where, migrated(where.url) as database:
        _fill(database, families=asked.mails, each=asked.appointments)
        press = Press(1)
        app = _app(where.url, smtp, press)
        press.print("<p>warm</p>")
        _reminders(app, database, asked.mails)
        _bare_mails(smtp, asked.mails)
        _printing(press, asked.appointments)
        _calendars()
        print(f"\nLargest: this process {_largest(os.getpid()):.0f} MB, the press {_largest(*_presses()):.0f} MB")
        press.close()


def _reminders(app: Flask, database: Database, mails: int) -> None:
    def run() -> None:
        remind(app)
        deliver_mail(app)

    took = _timed(run)
    with database.reading() as session:
        sent = session.exec(select(func.count()).where(col(Message.sent_at).is_not(None))).one()
    assert sent == mails, f"{sent} of {mails} sent"
    print(_row("reminder with PDF and ICS", took, mails))
    print(f"\n{mails} reminders in {took.clock:.1f} s, {took.processor:.1f} s of the processor\n")


def _bare_mails(smtp: int, mails: int) -> None:
    """A connection, one recipient and the same size for each, through the standard library."""
    letter = "Subject: x\r\n\r\n" + ("x" * 76 + "\r\n") * 700

    def run() -> None:
        for n in range(mails):
            with smtplib.SMTP("127.0.0.1", smtp) as server:
                server.sendmail("a@linden.example", [f"p{n}@mail.example"], letter)

    print(_row("bare smtplib, 55 kB, one after the other", _timed(run), mails))


def _printing(press: Press, lines: int) -> None:
    about = {"title": "Printable Schedule", "about": "Rosa Alvarez"}
    pages = [schedule_html(_itinerary(n, lines), **about) for n in range(PRINTED)]
    print(_row("PDF by the press", _timed(_each(press.print, pages)), PRINTED))
    print(_row("bare xhtml2pdf, without codes, fonts and style", _timed(_each(_bare_pdf, pages)), PRINTED))


def _bare_pdf(html: str) -> None:
    pisa.CreatePDF(re.sub("<img[^>]*>", "", html).replace(PAGES, "1"), dest=io.BytesIO())


def _calendars() -> None:
    entries = [_entry(n) for n in range(PRINTED)]
    school, rosa = Party("Linden Park", "office@linden.example"), Party("Rosa", "rosa@mail.example")
    ours = _timed(_each(lambda entry: invitation(entry, organizer=school, attendee=rosa), entries))
    print(_row("calendar file", ours, PRINTED))
    print(_row("bare icalendar", _timed(_each(_bare_calendar, entries)), PRINTED))


def _bare_calendar(entry: CalendarEntry) -> None:
    calendar, event = Calendar(), Event()
    for name in ("uid", "sequence", "description", "location", "url"):
        event.add(name, getattr(entry, name))
    event.add("summary", entry.title)
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    calendar.add_component(event)
    calendar.to_ical()


def _fill(database: Database, *, families: int, each: int) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(hours=20)).replace(second=0, microsecond=0, tzinfo=None)
    with database.transaction() as session:
        school = make.make_school(session, zone="UTC")
        event = make.make_event(session, school, zone="UTC", settings={"provider": "zoom"})
        for n in range(families):
            parent = make.make_contact(session, school, "Rosa", f"Alvarez {n}")
            resource = make.make_resource(session, event, make.make_teacher(session, school))
            for k in range(each):
                at = tomorrow + timedelta(minutes=15 * k)
                slot = make.make_slot(session, resource, at=at, zone="UTC", kind="V")
                booked = make.make_appointment(session, slot, parent, is_virtual=True)
                link = LINK.format(n * each + k)
                linked = {"join_url": link, "remote_id": f"{n}.{k}", "passcode": "a1B2c3", "marker": f"m{n}.{k}"}
                owner = {"school_id": school.id, "appointment_id": booked.id, "provider": "zoom"}
                make.stored(session, Meeting(**owner, **linked, wished_at=slot.starts_at))


def _app(url: str, smtp: int, press: Press) -> Flask:
    settings = Settings(
        secret_key="0123456789abcdefghijklmnopqrstuvwxyz",  # noqa: S106 - of nothing
        token_keys=("abcdefghijklmnopqrstuvwxyz0123456789",),
        database_url=url,
        mail_server="127.0.0.1",
        mail_port=smtp,
        mail_encryption="none",
        run_jobs=False,
    )
    app = create_app(settings)
    wired = app.extensions["confab"]
    app.extensions["confab"] = type(wired)(settings, wired.database, wired.providers, press)
    return app


def _itinerary(n: int, lines: int) -> Itinerary:
    link = LINK.format(n)
    of_day = (Line("4:30 PM", 15, "Folake Adeyemi", "Mia", "Grade 3", True, link, link, "a1B2", False),) * lines
    day = Day("Thursday, December 3", of_day)
    return Itinerary(
        "Linden Park", "Fall Conferences", "Rosa Alvarez", "Central Time", "https://linden.example", (day,)
    )


def _entry(n: int) -> CalendarEntry:
    begins, link = datetime(2026, 12, 3, 22, 30, tzinfo=UTC), LINK.format(n)
    ends = begins + timedelta(minutes=15)
    return CalendarEntry(f"{n}@linden.example", 0, begins, ends, "Conference", f"Where: {link}", link, link, begins)


def _each(work: Callable[[Any], Any], things: Iterable[Any]) -> Callable[[], None]:
    def run() -> None:
        for thing in things:
            work(thing)

    return run


def _timed(run: Callable[[], None]) -> Took:
    """Of this process and of those that print, also of those that have made way for others."""
    began, used = time.perf_counter(), _processor()
    run()
    return Took(time.perf_counter() - began, _processor() - used)


def _processor() -> float:
    return sum(os.times()[:4]) + sum(map(tree_seconds, _presses()))


def _row(what: str, took: Took, number: int) -> str:
    return _ROW.format(what, number / took.clock, took.processor / number * 1000, took.clock / number * 1000)


def _presses() -> list[int]:
    """The processes that print."""
    return [child.pid or 0 for child in multiprocessing.active_children()]


def _largest(*pids: int) -> float:
    """Megabytes that they had at most."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mails", type=int, default=500)
    parser.add_argument("--appointments", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
