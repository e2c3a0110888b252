"""An import run keeps the uploaded file between its dry run and its Apply, and what came of it."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to, owned

NOTHING_READ = "{}"


class ImportRun(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    contact_id: int | None = may_point_to("contact")
    kind: str = Field(default="auto", max_length=30)
    filename: str = Field(max_length=255)
    content: bytes | None = None  # dropped once applied or a day old: it holds names
    report: str = Field(default="{}")  # JSON of services/roster/report.py
    created_at: datetime
    applied_at: datetime | None = None
    discarded_at: datetime | None = None

    @property
    def is_unread(self) -> bool:
        """Kept only until somebody said what its columns are."""
        return self.report == NOTHING_READ
