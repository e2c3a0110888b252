"""A former short name leads to the school that had it: links in mails and on paper keep working."""

from sqlmodel import Field, SQLModel

from webapp.models.base import owned


class FormerSchool(SQLModel, table=True):
    slug: str = Field(primary_key=True, max_length=60)
    school_id: int = owned()
