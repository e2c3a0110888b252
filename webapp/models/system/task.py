"""A task is long work that a person watches: what, how far, and what came of it."""

from datetime import datetime

from sqlmodel import Field

from webapp.models.base import may_point_to, owned
from webapp.models.system.errand import Errand


class Task(Errand, table=True):
    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    contact_id: int | None = may_point_to("contact")
    kind: str = Field(max_length=40)
    arguments: str = Field(default="{}")  # JSON
    done: int = Field(default=0)
    total: int = Field(default=0)
    result: str = Field(default="{}")  # JSON
    created_at: datetime
    ended_at: datetime | None = None
