"""A claim code stands on paper that the school hands out, and lets two households claim the child; the row keeps its
beginning, from which a key tells the rest (services/people/claim_codes.py)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class ClaimCode(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("school_id", "beginning"),
        CheckConstraint("uses BETWEEN 0 AND 2", name="two_households"),
    )

    student_id: int = part_of("student", primary=True)  # one each: a new code is the end of the one before
    school_id: int = owned()
    beginning: str = Field(max_length=4)  # by which a typed code is found; random
    uses: int = Field(default=0)  # contacts that claimed the child with it
    made_at: datetime
