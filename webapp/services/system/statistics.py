"""Let PostgreSQL know how large its tables have become, while it is happening.

It looks by itself once a minute, and until then goes on as it planned when a table was empty: for the first families of
a first event it would read all bookings for each page. SQLite has no such plans.
"""

from sqlalchemy import text
from sqlmodel import Session

_TURN = "SELECT pg_try_advisory_xact_lock(hashtext('confab statistics'))"
_GROWN = """
    SELECT relid::regclass::text FROM pg_stat_user_tables
    WHERE schemaname = current_schema() AND n_mod_since_analyze > 100 + n_live_tup / 5 ORDER BY 1"""


def look_at_what_has_grown(session: Session) -> list[str]:
    """The tables that were looked at: those of which a fifth is new, by one process at a time."""
    if not session.execute(text(_TURN)).scalar_one():
        return []
    tables = list(session.execute(text(_GROWN)).scalars())
    if tables:
        session.execute(text(f"ANALYZE {', '.join(tables)}"))
    return tables
