"""The settings of one event: a change here touches no other event."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of

ZOOM = "zoom"


@dataclass(frozen=True)
class Window:
    """When customers may book. Without `opens_at` they cannot yet, without `closes_at` it stays open."""

    opens_at: datetime | None
    closes_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.opens_at is not None and self.opens_at <= now and not self.has_closed(now)

    def has_closed(self, now: datetime) -> bool:
        return self.closes_at is not None and self.closes_at <= now


class EventSettings(SQLModel, table=True):
    __table_args__ = (CheckConstraint("opens_at IS NULL OR closes_at IS NULL OR opens_at < closes_at", name="order"),)

    event_id: int = part_of("event", primary=True)
    school_id: int = owned()
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    admins_may_preview: bool = False  # "allow Admins access to the CUI at all times"
    provider: str | None = Field(default=None, max_length=20)  # Online Meeting Provider; empty = typed links
    shows_appointment_type: bool = False  # Show the "Appointment type" dropdown

    @property
    def window(self) -> Window:
        return Window(self.opens_at, self.closes_at)

    def is_open(self, now: datetime) -> bool:
        return self.window.is_open(now)

    def has_closed(self, now: datetime) -> bool:
        return self.window.has_closed(now)
