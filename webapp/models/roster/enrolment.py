"""Which student sits in which class."""

from sqlalchemy import Index
from sqlmodel import SQLModel

from webapp.models.base import owned, part_of


class Enrolment(SQLModel, table=True):
    __table_args__ = (Index("ix_enrolment_student_id_class_id", "student_id", "class_id"),)

    class_id: int = part_of("class", primary=True)
    student_id: int = part_of("student", primary=True)
    school_id: int = owned()
