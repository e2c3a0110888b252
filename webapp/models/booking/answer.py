"""An answer belongs to its appointment and keeps the question's words, whatever becomes of the field."""

from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to, owned, part_of


class Answer(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    appointment_id: int = part_of("appointment")
    field_id: int | None = may_point_to("appointmentfield")
    label: str = Field(max_length=200)
    text: str = Field(max_length=1000)
