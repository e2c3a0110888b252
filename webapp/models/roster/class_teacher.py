"""Who teaches a class; the first in order leads."""

from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class ClassTeacher(SQLModel, table=True):
    class_id: int = part_of("class", primary=True)
    contact_id: int = part_of("contact", primary=True)
    school_id: int = owned()
    position: int = Field(default=0)
