"""An appointment field is a question asked at booking; one that is asked no more keeps its answers."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of

TEXT, CHOICE = "text", "choice"


class AppointmentField(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("event_id", "label"),
        CheckConstraint("kind IN ('text', 'choice')", name="known_kind"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    event_id: int = part_of("event", index=False)
    label: str = Field(max_length=200)
    kind: str = Field(default=TEXT, max_length=6)
    options: str = Field(default="", max_length=4000)  # of a choice, one per line
    is_required: bool = False
    is_used: bool = True

    @property
    def choices(self) -> list[str]:
        return self.options.splitlines()
