"""A sign-in code is mailed to an address and proves that its reader holds that mailbox."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import owned


class SignInCode(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    email: str = Field(max_length=254, index=True)
    code_hash: str = Field(max_length=64)
    browser_hash: str = Field(default="", max_length=64)  # of the browser that asked: no other uses or voids it
    tries: int = Field(default=0)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
