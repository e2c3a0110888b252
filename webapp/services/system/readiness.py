"""Ask a database the little that tells whether it can be worked with just now."""

from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

_MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"


def refuse_read_only(session: Session) -> None:
    """Within a writing transaction. A statement that writes, of no row: its SQLAlchemyError says that none can be
    written, as on a PostgreSQL standby or a SQLite file that may only be read."""
    session.execute(text("DELETE FROM installation WHERE id = 0"))


@cache
def newest_migration() -> str:
    """The stamp of a database of this version, told by the names of the files."""
    return max(file.name.partition("_")[0] for file in _MIGRATIONS.glob("[0-9]*.py"))


def applied_migration(session: Session) -> str | None:
    """Read from the stamp alone: Alembic would cost each process 50 MB for as long as it lives."""
    stamps = session.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(stamps[0]) if len(stamps) == 1 else None
