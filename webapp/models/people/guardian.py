"""A guardian is a contact's tie to a student: it lets a parent book for this child."""

from datetime import datetime

from sqlmodel import SQLModel

from webapp.models.base import owned, part_of


class Guardian(SQLModel, table=True):
    contact_id: int = part_of("contact", primary=True)
    student_id: int = part_of("student", primary=True)
    school_id: int = owned()
    claimed_at: datetime | None = None  # by the parent, who may let go of the child; a tie of the school's own is NULL
