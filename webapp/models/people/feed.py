"""A feed is a private calendar link of a contact: whoever has it reads their appointments; the row keeps its hash."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of

FAMILY, TEACHER = "family", "teacher"
"""Whose appointments it shows: those that the contact made, or those that others made with them."""


class Feed(SQLModel, table=True):
    __table_args__ = (CheckConstraint("kind IN ('family', 'teacher')", name="known_kind"),)

    contact_id: int = part_of("contact", primary=True)  # one of each kind: a new link is the end of the one before
    kind: str = Field(default=FAMILY, primary_key=True, max_length=8)
    school_id: int = owned()
    token_hash: str = Field(unique=True, max_length=64)
    made_at: datetime
