"""Give each host's meetings to one claimant after the other: Zoom refuses a second write at a host meanwhile."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from webapp.models.system.errand import Errand
from webapp.services.system.errand import Claim
from webapp.services.system.turns import claim_in_turns


def claim_meetings(session: Session, table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    return claim_in_turns(session, table, place=_host, now=now, limit=limit)


def _host(row: Any) -> tuple[Any, ...]:
    return row.school_id, row.provider, row.host_key
