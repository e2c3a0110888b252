"""What was done, by whom, and as whom: written in the transaction of the deed, and never changed, which the triggers of
migration 0040 refuse."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to


class Audit(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    school_id: int | None = may_point_to("school")
    at: datetime = Field(index=True)
    login_id: int | None = None  # the person at the keyboard; kept as a number when the login is erased
    acting_as_id: int | None = None  # the contact they acted as
    action: str = Field(max_length=60)
    subject: str = Field(default="", max_length=120)  # such as "event 12"; never a name
    detail: str = Field(default="{}")  # JSON without personal data
