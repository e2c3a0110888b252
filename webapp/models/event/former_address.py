"""A former address leads to the event that had it: links in mails and on paper keep working."""

from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class FormerAddress(SQLModel, table=True):
    school_id: int = owned(primary=True)
    slug: str = Field(primary_key=True, max_length=60)
    event_id: int = part_of("event")
