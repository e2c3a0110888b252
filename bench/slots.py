"""How long a large school's slots take: made, changed, copied, moved and deleted, and shown a page at a time.

.venv/bin/python -m bench.slots
"""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from bench.places import POSTGRESQL, SQLITE, migrated, place
from webapp.db import Database
from webapp.models import Event, EventSettings, Resource, School
from webapp.services.event.copy_slots import CopyInput, copy_slots
from webapp.services.event.create_slots import SlotsInput, create_slots, preview_create
from webapp.services.event.day_grid import day_grid
from webapp.services.event.delete_slots import delete_slots
from webapp.services.event.move_plan import MoveInput
from webapp.services.event.move_slots import move_slots
from webapp.services.event.slots import SlotCounts, SlotSelection
from webapp.services.event.update_slots import UpdateInput, update_slots
from webapp.services.system.audit import SYSTEM

TEACHERS, SLOTS_EACH = 300, 40
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAYS = [date(2026, 12, 3), date(2026, 12, 4)]
NEXT_WEEK, WEEK_AFTER = date(2026, 12, 10), date(2026, 12, 17)
ALL = TEACHERS * SLOTS_EACH * len(DAYS)
RUNS = 5

Took = tuple[float, float]
"""Seconds by the clock, and of this process alone."""

Deed = Callable[[Session, Event], SlotCounts]


def _create(session: Session, event: Event) -> SlotCounts:
    return create_slots(session, event, EVENING, who=SYSTEM, now=NOW)


def _update(session: Session, event: Event) -> SlotCounts:
    return update_slots(session, event, UpdateInput(dates=DAYS, kind="PV"), who=SYSTEM, now=NOW)


def _copy(session: Session, event: Event) -> SlotCounts:
    return copy_slots(session, event, CopyInput(dates=DAYS, to=[NEXT_WEEK]), who=SYSTEM, now=NOW)


def _move(session: Session, event: Event) -> SlotCounts:
    copied = [NEXT_WEEK, date(2026, 12, 11)]
    return move_slots(session, event, MoveInput(dates=copied, to=[WEEK_AFTER]), who=SYSTEM, now=NOW)


def _delete(session: Session, event: Event) -> SlotCounts:
    return delete_slots(session, event, SlotSelection(dates=DAYS), who=SYSTEM, now=NOW)


EVENING = SlotsInput(dates=DAYS, from_time="12:00", to_time="22:00", duration=15)
DEEDS: dict[str, Deed] = {"Create": _create, "Update": _update, "Copy": _copy, "Move": _move, "Delete": _delete}


def measure(kind: str) -> dict[str, list[Took]]:
    """Of each run, by what was done; every run begins with an empty event."""
    seconds: dict[str, list[Took]] = {}
    with place(kind) as here, migrated(here.url) as database:
        for _ in range(RUNS):
            event = _event(database)
            for name, took in _run(database, event):
                seconds.setdefault(name, []).append(took)
    return seconds


def _run(database: Database, event: Event) -> Iterator[tuple[str, Took]]:
    yield "preview of Create", _timed(lambda: _looked(database, lambda s: preview_create(s, event, EVENING, now=NOW)))
    for name, deed in DEEDS.items():
        yield name, _timed(lambda deed=deed: _done(database, event, deed))
        if name == "Create":
            yield "one page", _timed(lambda: _looked(database, lambda s: day_grid(s, event, DAYS[0], page=3, now=NOW)))


def _done(database: Database, event: Event, deed: Deed) -> None:
    with database.transaction() as session:
        counts = deed(session, event)
    assert counts.slots == ALL, counts


def _looked(database: Database, look: Callable[[Session], object]) -> object:
    with database.reading() as session:
        return look(session)


def _event(database: Database) -> Event:
    with database.transaction() as session:
        school = School(slug=f"linden-{time.monotonic_ns()}", name="Linden", zone="America/Chicago", created_at=NOW)
        session.add(school)
        session.flush()
        mine: dict[str, Any] = {"school_id": school.id}
        event = Event(**mine, slug="fall", name="Fall", type="pta", zone=school.zone, created_at=NOW)
        session.add(event)
        session.flush()
        session.add(EventSettings(**mine, event_id=event.id, shows_appointment_type=True))
        session.add_all(
            Resource(**mine, event_id=event.id, name=f"Teacher {n:03}", position=n) for n in range(TEACHERS)
        )
    return event


def _timed(work: Callable[[], object]) -> Took:
    start, busy = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - start, time.process_time() - busy


def main() -> None:
    print("| database | what | s | at most | of which our processor s |\n|---|---|---|---|---|")
    for kind in (SQLITE, POSTGRESQL):
        for name, runs in measure(kind).items():
            wall, ours = ([run[n] for run in runs] for n in (0, 1))
            median, busy = statistics.median(wall), statistics.median(ours)
            print(f"| {kind} | {name} | {median:.2f} | {max(wall):.2f} | {busy:.2f} |", flush=True)


if __name__ == "__main__":
    main()
