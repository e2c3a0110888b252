"""Say which of the promises of RELIABILITY 2.1 the rows do not keep, by SQL that shares nothing with the services."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from webapp.services.system.invariant_queries import ALL, SPANS


@dataclass(frozen=True)
class Broken:
    """An invariant and the numbers of the rows that break it; where two rows clash, both."""

    name: str
    rows: tuple[tuple[int, ...], ...]


def broken(session: Session, *, now: datetime | None = None) -> list[Broken]:
    """Empty is right. Without `now`, what is still to come is told by the database's clock."""
    found = [Broken(name, _rows(session, query, now or _now(session))) for name, query in ALL.items()]
    return [one for one in found if one.rows]


def _rows(session: Session, query: str, now: datetime) -> tuple[tuple[int, ...], ...]:
    asked = text(query.replace("SPANS", SPANS[session.get_bind().dialect.name]))
    if ":now" in query:
        asked = asked.bindparams(bindparam("now", now, type_=UTCDateTime()))
    return tuple(sorted(tuple(row) for row in session.execute(asked)))


def _now(session: Session) -> datetime:
    asked = text("SELECT CURRENT_TIMESTAMP AS now").columns(now=UTCDateTime())
    now: datetime = session.execute(asked).scalar_one()
    return now
