"""A user of the school's account at a provider, as it was read last, so that a page need not ask the outside."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned


class AccountUser(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("school_id", "provider", "email", "remote_id"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    provider: str = Field(max_length=20)
    remote_id: str = Field(default="", max_length=100)  # empty while the invitation is pending
    email: str = Field(max_length=254)
    name: str = Field(default="", max_length=200)
    status: str = Field(max_length=10)  # active, inactive or pending
    can_host: bool
    is_basic: bool
    sought: str = Field(max_length=460)  # name and email in one case, for the pick-list's search
