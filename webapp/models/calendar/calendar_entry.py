"""A calendar entry is one appointment on one calendar of one teacher: a row per real entry, one of them current."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from webapp.models.base import owned, part_of
from webapp.models.system.errand import Errand

DELETED, MOVED = "deleted", "moved"
"""What the teacher did to an entry in their calendar: respected and reported, not fought."""


class CalendarEntry(Errand, table=True):
    """`wish` against `remote_id` says what is to do; `ordered` is the hash of what the provider was last told.

    `key` is ours, chosen before the first call: Google's id of the entry, Microsoft's transactionId (RELIABILITY 2.5).
    """

    __table_args__ = (
        # Another default calendar replaces the row; the new entry is made first.
        Index(
            "uq_calendarentry_current",
            "appointment_id",
            "link_id",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        UniqueConstraint("appointment_id", "link_id", "generation"),
        UniqueConstraint("key"),
        CheckConstraint("wish IN ('present', 'absent')", name="known_wish"),
        CheckConstraint("theirs IN ('', 'deleted', 'moved')", name="known_theirs"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    appointment_id: int = part_of("appointment")
    link_id: int = part_of("calendarlink")
    calendar_id: str = Field(max_length=512)
    generation: int = Field(default=0)
    key: str = Field(max_length=64)
    wish: str = Field(default="present", max_length=8)
    wished_at: datetime
    remote_id: str | None = Field(default=None, max_length=512)
    ordered: str = Field(default="", max_length=64)
    starts_at: datetime | None = None  # as the provider was last told: another time there was the teacher's doing
    ends_at: datetime | None = None
    put_at: datetime | None = None  # when it was first seen on the calendar
    theirs: str = Field(default="", max_length=8)
    theirs_at: datetime | None = None
    gone_at: datetime | None = None
    replaced_at: datetime | None = None
