"""A sign-in is a session kept on the server; the browser holds only its secret, of which the row keeps a hash."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to, part_of


class SignIn(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    login_id: int = part_of("login")
    secret_hash: str = Field(unique=True, max_length=64)
    epoch: int  # the login's at sign-in; a higher one there ends this
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    acting_as_id: int | None = may_point_to("contact")  # the teacher that an administrator logged in as
    acting_until: datetime | None = None
    by_link: bool = Field(default=False)  # came in by a mailed link, which may have been forwarded: less is allowed
    proved_at: datetime | None = None  # when the person last gave their password or a code
    proved_for: str = Field(default="", max_length=60)  # the deed that it was asked for; empty at the sign-in itself
