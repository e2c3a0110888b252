"""Give each link's entries to one claimant after the other: a mailbox answers few calls at once (PROVIDERS 3)."""

from datetime import datetime

from sqlmodel import Session

from webapp.models.system.errand import Errand
from webapp.services.system.errand import Claim
from webapp.services.system.turns import claim_in_turns

TURN = 12
"""Entries for which a link is called one after the other before others look at it: the last call of a turn has to begin
in time (`settle.PROMPT`), and what is wished otherwise meanwhile waits for the end of the turn."""


def claim_entries(session: Session, table: type[Errand], *, now: datetime, limit: int = 10) -> list[Claim]:
    return claim_in_turns(session, table, place=("link_id",), now=now, limit=limit, turn=TURN)
