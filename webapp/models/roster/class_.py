"""A class of the roster, with the number of appointments that a student may have in it."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned


class Class(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("school_id", "class_ref"),
        CheckConstraint("appointments_allowed >= 0", name="allowed_not_negative"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    class_ref: str = Field(max_length=255)
    name: str = Field(default="", max_length=200)
    group_name: str = Field(default="", max_length=100)
    appointments_allowed: int = Field(default=1)  # PTAN
