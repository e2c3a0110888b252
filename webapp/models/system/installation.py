"""The one row that says which installation this is, and whether it may speak to the outside."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel


class Installation(SQLModel, table=True):
    """`epoch` is raised by every restore: what an earlier life of the data made is told from what this one makes."""

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    instance: str = Field(max_length=32)  # random, the same in every copy of the data
    epoch: int = Field(default=0)
    held_at: datetime | None = None  # since then no mail leaves and nobody outside is called
    held_because: str = Field(default="", max_length=500)
    checked_at: datetime | None = None  # when all invariants were last seen to hold
