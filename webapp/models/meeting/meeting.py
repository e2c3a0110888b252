"""One row per real provider meeting; one of them current per appointment."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from webapp.models.base import owned, part_of
from webapp.models.system.wished import Wished


class Meeting(Wished, table=True):
    __table_args__ = (
        # A change of host replaces the row; pages show the old link until the new one is stored (RELIABILITY I10).
        Index(
            "uq_meeting_current",
            "appointment_id",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        UniqueConstraint("provider", "remote_id"),
        UniqueConstraint("marker"),
        CheckConstraint("wish IN ('present', 'absent')", name="known_wish"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    appointment_id: int = part_of("appointment")
    provider: str = Field(max_length=20)
    host_key: str = Field(default="", max_length=100)  # the provider's user id of its one host
    marker: str = Field(max_length=40)  # random, in the agenda's first 250 characters
    remote_id: str | None = Field(default=None, max_length=100)
    join_url: str | None = Field(default=None, max_length=2048)
    passcode: str = Field(default="", max_length=20)
    linked_at: datetime | None = None
    changed_at: datetime | None = None  # since when a change waits for further ones to be told together

    @property
    def has_link(self) -> bool:
        return self.join_url is not None
