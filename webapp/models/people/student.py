"""A student belongs to the school's roster; the security value is what a parent types to claim the child."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, public_token
from webapp.models.people.contact import written_name


class Student(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("school_id", "student_ref"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    token: str = public_token()
    student_ref: str = Field(max_length=255)
    first: str = Field(default="", max_length=100)
    last: str = Field(default="", max_length=100)
    security_value: str = Field(default="", max_length=100)
    grade: str = Field(default="", max_length=60)
    absent_since: datetime | None = None  # of the roster: an import without them said that it had everybody

    @property
    def name(self) -> str:
        return student_name(self.first, self.last, self.student_ref)

    @property
    def listed_name(self) -> str:
        """As the office's lists write it, between contacts."""
        return written_name(self.first, self.last) or self.student_ref


def student_name(first: str, last: str, student_ref: str) -> str:
    return f"{first} {last}".strip() or student_ref
