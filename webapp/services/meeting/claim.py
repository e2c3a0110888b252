"""Give each host's meetings to one claimant after the other: Zoom refuses a second write at a host meanwhile."""

from datetime import datetime

from sqlmodel import Session

from webapp.models.system.errand import Errand
from webapp.services.system.errand import Claim
from webapp.services.system.turns import claim_in_turns

_HOST = ("school_id", "provider", "host_key")


def claim_meetings(session: Session, table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    return claim_in_turns(session, table, place=_HOST, now=now, limit=limit)
