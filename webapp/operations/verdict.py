"""Look whether a restored database is whole: its pages, its ties, its rows by number, its invariants."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import inspect, text

from webapp.db import Database
from webapp.services.system.invariants import Broken, broken

Counts = dict[str, int]


@dataclass(frozen=True)
class Verdict:
    """`faults` say that the copy is not what it was made of; `broken` what the original did not keep either."""

    counts: Counts
    faults: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.faults and not self.broken


def judge(restored: Database, expected: Counts, *, now: datetime) -> Verdict:
    if faults := damages(restored):
        return Verdict({}, faults)
    found = count_rows(restored)
    differing = sorted(table for table in found.keys() | expected.keys() if found.get(table) != expected.get(table))
    faults = tuple(f"{table}: {expected.get(table)} rows, restored {found.get(table)}" for table in differing)
    with restored.reading() as session:
        return Verdict(found, faults, tuple(broken(session, now=now)))


def count_rows(database: Database) -> Counts:
    """Of every table that is there, whatever this version knows of it."""
    tables = inspect(database.engine).get_table_names()
    with database.reading() as session:
        return {table: session.execute(text(counting(table))).scalar_one() for table in tables}


def counting(table: str) -> str:
    return f'SELECT count(*) FROM "{table}"'  # noqa: S608 - a name that the database gave


def damages(restored: Database) -> tuple[str, ...]:
    """PostgreSQL has checked every tie and every page's checksum while it restored."""
    if not restored.is_sqlite:
        return ()
    with restored.reading() as session:
        said = session.execute(text("PRAGMA integrity_check(5)")).scalars().all()
        untied = {row[0] for row in session.execute(text("PRAGMA foreign_key_check"))}
    damages = [] if said == ["ok"] else [f"damaged: {words}" for words in said]
    return (*damages, *(f"{table}: rows that point to nothing" for table in sorted(untied)))
