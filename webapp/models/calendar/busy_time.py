"""A busy time is a span in which a linked calendar is taken, with nothing of what the private event is about."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class BusyTime(SQLModel, table=True):
    """As the last reading of its link left it."""

    __table_args__ = (
        Index("ix_busytime_contact_id_ends_at", "contact_id", "ends_at"),
        CheckConstraint("starts_at < ends_at", name="in_order"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    link_id: int = part_of("calendarlink")
    contact_id: int = part_of("contact", index=False)
    starts_at: datetime
    ends_at: datetime
    calendar_name: str = Field(default="", max_length=250)
    seen_at: datetime  # when a reading first had it: what the office confirmed since then it has judged
