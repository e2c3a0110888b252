"""An event is one round of conferences of a school, in its own time zone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned

PTA, SIMPLE_PTA = "pta", "simple_pta"


class Event(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("school_id", "slug"),
        CheckConstraint("type IN ('pta', 'simple_pta')", name="known_type"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    slug: str = Field(max_length=60)
    name: str = Field(max_length=200)
    type: str = Field(default=PTA, max_length=20)
    zone: str = Field(max_length=60)
    date_label: str = Field(default="", max_length=200)
    location: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=4000)  # Event Details, $(E_DESCRIPTION)
    category: str = Field(default="", max_length=100)
    created_at: datetime
    zone_changed_at: datetime | None = None  # a meeting may fail because of it (R40)
    deleted_at: datetime | None = None  # hidden since then; the row goes when no meeting of it is left to remove

    @property
    def is_simple(self) -> bool:
        return self.type == SIMPLE_PTA
