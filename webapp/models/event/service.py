"""A service is what an appointment can be for, to be chosen when booking; an appointment keeps its text."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class Service(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("event_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    event_id: int = part_of("event", index=False)
    name: str = Field(max_length=200)
