"""A school is the tenant: everything but logins belongs to one."""

from datetime import datetime

from sqlmodel import Field, SQLModel

RESERVED_SLUGS = frozenset(
    "s static sign-in sign-out livez readyz metrics zoom google microsoft hooks login logout account admin api help "
    "calendar oauth schools c m link logo language favicon.ico robots.txt".split()
)
"""First parts of our own addresses, which no school may take (PRODUCT 1.2)."""


class School(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=60)
    name: str = Field(max_length=200)
    zone: str = Field(max_length=60)
    address: str = Field(default="", max_length=300)
    date_format: str = Field(default="", max_length=3)  # "mdy" or "dmy"; empty as the language has it
    time_format: str = Field(default="", max_length=2)  # "12" or "24"
    names_last_first: bool = Field(default=False)  # Display Contact Name As: Last, First
    sender_name: str = Field(default="", max_length=100)  # of mails; empty: the installation's
    reply_to: str = Field(default="", max_length=254)
    support_address: str = Field(default="", max_length=254)
    logo_digest: str = Field(default="", max_length=20)  # of the logo that there is
    link_days: int = Field(default=7)  # for so long a mailed sign-in link is good
    allows_sign_up: bool = True  # whoever proves an address books here, also if the roster does not know it
    allows_claims: bool = True  # "Allow parents to attach and detach students"
    asks_phone: bool = False  # of new families
    asks_address: bool = False
    created_at: datetime
