"""A school is the tenant: everything but logins belongs to one."""

from datetime import datetime

from sqlmodel import Field, SQLModel

RESERVED_SLUGS = frozenset(
    "s static sign-in sign-out livez readyz metrics zoom google microsoft hooks login logout account admin api help "
    "calendar schools c m link logo favicon.ico robots.txt".split()
)
"""First parts of our own addresses, which no school may take (PRODUCT 1.2)."""


class School(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=60)
    name: str = Field(max_length=200)
    zone: str = Field(max_length=60)
    link_days: int = Field(default=7)  # for so long a mailed sign-in link is good
    created_at: datetime
