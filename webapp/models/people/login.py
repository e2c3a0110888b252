"""A login is a person's way in, for all schools of the installation: e-mail, password, epoch."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Login(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True, max_length=254)  # lower case
    password_hash: str | None = Field(default=None, max_length=300)
    epoch: int = Field(default=0)  # raising it ends every sign-in
    created_at: datetime
