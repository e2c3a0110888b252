"""Make a backup that was tried out before it gets its name, and restore one so that it cannot speak to the outside."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from sqlalchemy import make_url

from webapp import schema
from webapp.config import sqlite_url
from webapp.db import Database
from webapp.operations import postgres_backup, sqlite_backup
from webapp.operations.environment import Refused
from webapp.operations.sealed import kind_of, place
from webapp.operations.verdict import Counts, Verdict, count_rows, damages, judge
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import begin_again
from webapp.services.system.readiness import applied_migration, newest_migration


class Way(Protocol):
    """How one kind of database is copied and restored."""

    def copy(self, database: Database, into: Path, *, now: datetime) -> Counts: ...

    def tried_out(self, database: Database, backup: Path) -> AbstractContextManager[Database]: ...

    def refuse_occupied(self, url: str) -> None: ...

    def new_database(self, backup: Path, url: str) -> AbstractContextManager[Database]: ...


WAYS: dict[str, Way] = {"sqlite": sqlite_backup, "postgresql": postgres_backup}


@dataclass(frozen=True)
class Restored:
    """Where the data is now, in which epoch it lives on, and what its schema lacks."""

    url: str
    epoch: int
    verdict: Verdict
    lacks: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return self.verdict.is_good and not self.lacks


def back_up(database: Database, target: Path, *, now: datetime) -> Verdict:
    """A copy with faults, or one that could not be tried out, is kept under another name. Raises Refused."""
    way = WAYS[database.engine.dialect.name]
    with TemporaryDirectory(prefix=".confab-", dir=target.parent) as work:
        made = Path(work) / "backup"
        counts = way.copy(database, made, now=now)
        try:
            with way.tried_out(database, made) as restored:
                verdict = judge(restored, counts, now=now)
        except Refused as error:
            place(made, unverified(target))
            raise Refused(f"{error}\nThe backup is not verified. It was kept as {unverified(target)}.") from error
        place(made, unverified(target) if verdict.faults else target)
    return verdict


def unverified(target: Path) -> Path:
    return target.with_name(f"{target.name}.unverified")


def restore(file: Path, into: str, *, now: datetime) -> Restored:
    """Into a database that is new; brought to this version's schema, on hold, in a new epoch. Raises Refused."""
    kind, url = kind_of(file), into if "://" in into else sqlite_url(Path(into).absolute())
    if make_url(url).get_backend_name() != kind:
        raise Refused(f"{file} is a backup of {kind}, and --into names another kind of database.")
    way = WAYS[kind]
    way.refuse_occupied(url)
    with way.new_database(file, url) as database:
        _refuse_unusable(database, file)
        schema.upgrade(database)
        because = f"Restored from {file.name} on {now:%Y-%m-%d %H:%M} UTC."
        with database.transaction() as session:
            epoch = begin_again(session, because=because, who=SYSTEM, now=now)
        verdict = judge(database, count_rows(database), now=now)
        return Restored(url, epoch, verdict, tuple(schema.lacking(database)))


def _refuse_unusable(database: Database, file: Path) -> None:
    if faults := damages(database):
        raise Refused(f"{file} is damaged: {'; '.join(faults)}")
    with database.reading() as session:
        theirs, ours = applied_migration(session) or "", newest_migration()
    if theirs > ours:
        raise Refused(
            f"{file} was made by a newer version of Confab: its tables are those of {theirs}, and this version's of"
            f" {ours}. Update this one first."
        )
