"""An errand is a wish with a due time: the columns that every row of background work shares."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Errand(SQLModel):
    """Not a table. Due: `due_at` set. Settled: neither. Given up: `problem` without `due_at`.

    A claim moves `due_at` a lease ahead and writes a random `claim`, the receipt with which alone it may be settled.
    `attempt_at` says that a call to the outside was begun whose outcome is not known yet.
    """

    due_at: datetime | None = Field(default=None, index=True)
    attempts: int = Field(default=0)
    attempt_at: datetime | None = None
    claim: str | None = Field(default=None, max_length=32)
    problem: str | None = Field(default=None, max_length=500)  # a gettext id for the office
    problem_values: str = Field(default="{}")  # JSON, fills the places of `problem`
    problem_code: str = Field(default="", max_length=40)
    problem_detail: str = Field(default="", max_length=1000)  # the provider's own words
    problem_at: datetime | None = None
