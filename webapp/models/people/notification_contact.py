"""An address that is mailed when an integration of the school needs somebody; without any, its Administrators are."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned


class NotificationContact(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("school_id", "email"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    email: str = Field(max_length=254)  # lower case
