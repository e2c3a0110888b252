"""A login is a person's way in, for all schools of the installation: e-mail, password, epoch."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Login(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True, max_length=254)  # lower case
    password_hash: str | None = Field(default=None, max_length=300)
    # The school whose file brought the password, until its owner chooses one by a mailed link: it opens no other.
    # A number, and no tie: a school that is gone must not make its passwords the owners' own.
    password_school_id: int | None = None
    epoch: int = Field(default=0)  # raising it ends every sign-in
    created_at: datetime
