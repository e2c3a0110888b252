"""A webhook receipt remembers that a provider told us of one event, or that a list showed us one, and whether we have
looked what is true of it."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from webapp.models.base import owned
from webapp.models.system.errand import Errand


class WebhookReceipt(Errand, table=True):
    """Due while the meeting that the event named has to be asked for by itself. What the event said is not kept."""

    __table_args__ = (
        # An event comes again after a lost answer, or because somebody replays it (RELIABILITY T27).
        UniqueConstraint("school_id", "provider", "key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    provider: str = Field(max_length=20)
    key: str = Field(max_length=64)  # hash of what makes the event this one and no other
    remote_id: str = Field(default="", max_length=100)  # of the meeting that it named
    received_at: datetime = Field(index=True)
    missed_at: datetime | None = None  # since when the meeting, asked for by itself, has not been there
