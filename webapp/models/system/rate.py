"""How often something was tried in a window of time: the counters behind rate limits."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Rate(SQLModel, table=True):
    key: str = Field(primary_key=True, max_length=64)  # hash of what is limited
    window: int = Field(primary_key=True, sa_type=BigInteger)  # number of the window since 1970
    n: int = Field(default=1)
    expires: int = Field(sa_type=BigInteger, index=True)  # seconds since 1970, for housekeeping
