"""How long a large school's roster takes: the dry run, Apply, and the same files once more.

.venv/bin/python -m bench.roster
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from sqlmodel import Session

from bench.places import POSTGRESQL, SQLITE, migrated, place
from webapp.db import Database
from webapp.models import School
from webapp.services.roster.import_roster import apply_import, plan_import
from webapp.services.roster.report import KINDS
from webapp.services.system.audit import SYSTEM

STUDENTS, TEACHERS, CLASSES, ENROLMENTS = 5_000, 300, 1_000, 20_000
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)

Value = TypeVar("Value")


def files() -> dict[str, bytes]:
    """Tab-delimited, with a parent for every student."""
    return {
        "Student.txt": _table("StudentID First Last SecurityValue", _students()),
        "Teacher.txt": _table(
            "TeacherID First Last Email Room", (f"T{n} Tea{n} Cher{n} t{n}@linden.example {n}" for n in range(TEACHERS))
        ),
        "Class.txt": _table("ClassID TeacherID ClassName", (f"C{n} T{n % TEACHERS} Class{n}" for n in range(CLASSES))),
        "Enrollment.txt": _table("StudentID ClassID", _enrolments()),
        "Parent.txt": _table(
            "ParentID First Last Email", (f"P{n} Par{n} Ent{n} p{n}@mail.example" for n in range(STUDENTS))
        ),
        "ParentStudent.txt": _table("ParentID StudentID", (f"P{n} S{n}" for n in range(STUDENTS))),
    }


def _students() -> Iterator[str]:
    return (f"S{n} Stu{n} Dent{n} 2016-05-{n % 28 + 1:02}" for n in range(STUDENTS))


def _enrolments() -> Iterator[str]:
    return (f"S{n % STUDENTS} C{(n % STUDENTS + n // STUDENTS * 251) % CLASSES}" for n in range(ENROLMENTS))


def _table(headings: str, rows: Iterator[str]) -> bytes:
    return "\n".join(line.replace(" ", "\t") for line in (headings, *rows)).encode()


def measure(kind: str) -> list[float]:
    """Seconds of the dry run, of Apply, and of a second Apply that changes nothing."""
    with place(kind) as here, migrated(here.url) as database:
        with database.transaction() as session:
            school = School(slug="linden", name="Linden", zone="America/New_York", created_at=NOW)
            session.add(school)
        sent = files()
        dry = _timed(lambda: _reading(database, lambda session: plan_import(session, school, sent, now=NOW)))
        return [dry, *(_timed(lambda: _apply(database, school, sent)) for _ in range(2))]


def _apply(database: Database, school: School, sent: dict[str, bytes]) -> None:
    plan = _reading(database, lambda session: plan_import(session, school, sent, now=NOW))
    with database.transaction() as session:
        report = apply_import(session, school, plan, who=SYSTEM, now=NOW)
    counts = [report.created[kind] + report.unchanged[kind] for kind in KINDS[:6]]
    assert counts == [STUDENTS, TEACHERS, CLASSES, ENROLMENTS, STUDENTS, STUDENTS], counts


def _reading(database: Database, look: Callable[[Session], Value]) -> Value:
    with database.reading() as session:
        return look(session)


def _timed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def main() -> None:
    print("| database | dry run s | Apply s | Apply again s |\n|---|---|---|---|")
    for kind in (SQLITE, POSTGRESQL):
        print(f"| {kind} | " + " | ".join(f"{seconds:.1f}" for seconds in measure(kind)) + " |", flush=True)


if __name__ == "__main__":
    main()
