"""A calendar entry is one appointment on one calendar of one teacher: a row per real entry, one of them current."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from webapp.models.base import owned, part_of
from webapp.models.system.wished import Wished

DELETED, MOVED = "deleted", "moved"
"""What the teacher did to an entry in their calendar: respected and reported, not fought."""


class CalendarEntry(Wished, table=True):
    """`key` is ours, chosen before the first call (RELIABILITY 2.5): Google's id of the entry, Microsoft's
    transactionId."""

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
    starts_at: datetime | None = None  # as the provider was last told: another time there was the teacher's doing
    ends_at: datetime | None = None
    put_at: datetime | None = None  # when it was first seen on the calendar, in this life of the data
    theirs: str = Field(default="", max_length=8)
    theirs_at: datetime | None = None
