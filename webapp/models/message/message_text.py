"""What an office wrote for the mails of one event; each saving is a version of its own, and none is lost."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to, owned, part_of

REMINDER, CANCELLATION, RESOURCE = "reminder", "cancellation", "resource"
CALENDAR, PRINTABLE = "calendar", "printable"


class MessageText(SQLModel, table=True):
    __table_args__ = (
        # Two who save at once: the second is told (MACRO-025).
        UniqueConstraint("event_id", "kind", "version"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    event_id: int = part_of("event", index=False)
    kind: str = Field(max_length=20)
    version: int = Field(default=1)
    is_on: bool = True  # Send Email
    uses_schedule: bool = True  # Replace the Email Body with the Printable Schedule of Appointments
    subject: str = Field(default="", max_length=200)  # of a calendar entry: its title
    body: str = Field(default="", sa_type=Text)
    location: str = Field(default="", max_length=200)  # of a calendar entry; the Room column of the Printable Schedule
    file_name: str = Field(default="", max_length=60)  # of a calendar entry
    lead_hours: str = Field(default="", max_length=40)  # of a reminder: "48,2"
    saved_at: datetime
    saved_by_id: int | None = may_point_to("contact")
