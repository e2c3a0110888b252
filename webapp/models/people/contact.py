"""A contact is a person as one school knows them; the admin level says what they may do."""

from contextvars import ContextVar
from datetime import datetime
from enum import IntEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to, owned, public_token

is_last_first: ContextVar[bool] = ContextVar("is_last_first", default=False)
"""Whether the school that is spoken of writes Last, First (services/people/manners.py)."""


class Level(IntEnum):
    """PRODUCT 1.6, in rising order of rights."""

    CUSTOMER = 0
    VIEWER = 1
    MAKER = 2
    RESOURCE_ADMINISTRATOR = 3
    EVENT_ADMINISTRATOR = 4
    ADMINISTRATOR = 5


class Contact(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("school_id", "email"),  # empty addresses are NULL, of which there may be many
        UniqueConstraint("school_id", "teacher_ref"),
        UniqueConstraint("school_id", "parent_ref"),
        # The guard asks at every request; by the school alone it would read all of the school's contacts.
        Index("ix_contact_login_id_school_id", "login_id", "school_id"),
        CheckConstraint("level BETWEEN 0 AND 5", name="known_level"),
        CheckConstraint("email <> ''", name="email_or_null"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    login_id: int | None = may_point_to("login", index=False)
    token: str = public_token()
    email: str | None = Field(default=None, max_length=254)  # lower case
    first: str = Field(default="", max_length=100)
    last: str = Field(default="", max_length=100)
    level: int = Field(default=Level.CUSTOMER)
    teacher_ref: str | None = Field(default=None, max_length=255)  # TeacherID, or the sourcedId of a OneRoster teacher
    parent_ref: str | None = Field(default=None, max_length=255)
    language: str = Field(default="", max_length=5)  # in which they read pages and mails; empty while nobody chose
    phone: str = Field(default="", max_length=40)
    address: str = Field(default="", max_length=300)
    room: str = Field(default="", max_length=60)  # given to their resources in new events
    virtual_room: str = Field(default="", max_length=2048)
    absent_since: datetime | None = None  # a teacher who is not in the school's files any more
    created_at: datetime

    @property
    def name(self) -> str:
        return written_name(self.first, self.last) or self.email or "–"


def written_name(first: str, last: str) -> str:
    if is_last_first.get():
        return ", ".join(part for part in (last, first) if part)
    return f"{first} {last}".strip()
