"""A grant names the event that an Event Administrator, or the resource that a Resource Administrator, may change."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class Grant(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("contact_id", "event_id"),
        UniqueConstraint("contact_id", "resource_id"),
        CheckConstraint("(event_id IS NULL) <> (resource_id IS NULL)", name="one_subject"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    contact_id: int = part_of("contact")
    event_id: int | None = Field(default=None, foreign_key="event.id", ondelete="CASCADE", index=True)
    resource_id: int | None = Field(default=None, foreign_key="resource.id", ondelete="CASCADE", index=True)
