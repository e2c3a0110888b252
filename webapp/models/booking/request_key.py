"""A request key is stored when a request took effect, with its result: the same form sent again gets that."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to


class RequestKey(SQLModel, table=True):
    key: str = Field(primary_key=True, max_length=64)  # hash of the signed random value in the form
    action: str = Field(max_length=40)
    fingerprint: str = Field(max_length=64)  # of what was asked: a key cannot carry a second, other request
    login_id: int | None = may_point_to("login")
    result: str = Field(default="{}")
    created_at: datetime
