"""Which student sits in which class."""

from sqlmodel import SQLModel

from webapp.models.base import owned, part_of


class Enrolment(SQLModel, table=True):
    class_id: int = part_of("class", primary=True)
    student_id: int = part_of("student", primary=True)
    school_id: int = owned()
