"""A stray is a meeting or a calendar entry at the provider that carries our marker and that no row wants."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned
from webapp.models.meeting.sweep import PLACE


class Stray(SQLModel, table=True):
    """Kept from its first sighting; the row goes when it is not seen any more. The office may allow its removal, or
    say that it stays (RELIABILITY D6)."""

    __table_args__ = (UniqueConstraint("school_id", "provider", "remote_id"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    provider: str = Field(max_length=20)
    host_key: str = Field(max_length=PLACE)
    remote_id: str = Field(max_length=512)
    marker: str = Field(max_length=64)
    starts_at: datetime | None = None
    seen_at: datetime  # first
    allowed_at: datetime | None = None
    kept_at: datetime | None = None
    removed_at: datetime | None = None
