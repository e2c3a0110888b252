"""A slot is a time that a resource offers; how many appointments fit in and of which kind."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of, public_token

IN_PERSON, VIRTUAL, EITHER = "P", "V", "PV"
VISIBLE, HIDDEN, CALL, UNAVAILABLE = "visible", "hidden", "call", "unavailable"


class Slot(SQLModel, table=True):
    __table_args__ = (
        # A removed slot stays for its appointments, which turned red; its time may be used again.
        Index(
            "uq_slot_resource_start",
            "resource_id",
            "starts_at",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_slot_event_start", "event_id", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("kind IN ('P', 'V', 'PV')", name="known_kind"),
        CheckConstraint("visibility IN ('visible', 'hidden', 'call', 'unavailable')", name="known_visibility"),
        CheckConstraint("capacity BETWEEN 1 AND 1000", name="capacity"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    event_id: int = part_of("event", index=False)
    resource_id: int = part_of("resource")
    token: str = public_token()
    starts_at: datetime
    ends_at: datetime
    wall_start: str = Field(max_length=16)  # "2026-12-03T16:30": what the office typed, kept if the zone's rules change
    kind: str = Field(default=IN_PERSON, max_length=2)
    visibility: str = Field(default=VISIBLE, max_length=12)
    message: str = Field(default="", max_length=80)
    capacity: int = Field(default=1)
    version: int = Field(default=1)  # raised by every change that a booking must not overlook
    removed_at: datetime | None = None

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)
