"""What a provider lets us call: per second for an account, per day for a host. All processes spend from these rows."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class Pace(SQLModel, table=True):
    """The calls of one connection under one label of the provider; the empty label is the account as a whole."""

    connection_id: int = part_of("connection", primary=True)
    label: str = Field(primary_key=True, max_length=10)
    school_id: int = owned()
    next_at: datetime  # when the next call may begin
    per_second: float  # as learned: lowered by a 429, raised by silence
    learned_at: datetime
    day: date  # UTC
    used: int = Field(default=0)  # on that day
    paused_until: datetime | None = None  # as the provider said


class HostDay(SQLModel, table=True):
    """Creates, changes and removals at one host on one UTC day."""

    school_id: int = owned(primary=True)
    provider: str = Field(primary_key=True, max_length=20)
    host_key: str = Field(primary_key=True, max_length=100)
    day: date
    used: int = Field(default=0)
    spent_until: datetime | None = None  # as the provider said, or by our own count
