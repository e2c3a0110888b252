"""A sign-in link is mailed to whoever works for a school and lets them in once; the row keeps only its hash."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of

CALENDAR_SYNC = "calendar_sync"
"""A link may lead to this page: then its mail asks to set the calendar up."""


class SignInLink(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    contact_id: int = part_of("contact")
    email: str = Field(max_length=254)  # where it was sent: another address of the contact makes it worthless
    token_hash: str = Field(unique=True, max_length=64)
    created_at: datetime
    expires_at: datetime  # a newer link moves it to now
    used_at: datetime | None = None
    leads_to: str = Field(default="", max_length=20)  # a page; empty for the one with which everybody begins
