"""Give each link's entries to two claimants at a time: of the four calls that a mailbox answers at once (PROVIDERS 3)
one is left for reading busy times, and one for the sweep."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from webapp.models.system.errand import Errand
from webapp.services.system.errand import Claim
from webapp.services.system.turns import claim_in_turns

LANES = 2
"""On each of them one call after the other. All entries of an appointment have the same."""

TURN = 12
"""Entries for which a lane is called one after the other before others look at it: the last call of a turn has to begin
in time (`settle.PROMPT`), and what is wished otherwise meanwhile waits for the end of the turn."""


def claim_entries(session: Session, table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    return claim_in_turns(session, table, place=lane_of, now=now, limit=limit, turn=TURN)


def lane_of(entry: Any) -> tuple[Any, Any]:
    """Of an entry, or of the columns of their table: its link, and a number."""
    return entry.link_id, entry.appointment_id % LANES
