"""A host is a contact mapped to a provider's user, or what stands in the way of that."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of

MAPPED, PENDING, INACTIVE, NOT_FOUND, NO_EMAIL, CANNOT_HOST = (
    "mapped",
    "pending",
    "inactive",
    "not_found",
    "no_email",
    "cannot_host",
)
VANISHED, TAKEN = "vanished", "taken"
"""The user that was picked by hand is gone; the user of this address was picked for another teacher."""


class Host(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("contact_id", "provider"),
        CheckConstraint(
            "state IN ('mapped', 'pending', 'inactive', 'not_found', 'no_email', 'cannot_host', 'vanished', 'taken')",
            name="known_state",
        ),
        CheckConstraint("state <> 'mapped' OR remote_id <> ''", name="mapped_has_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    contact_id: int = part_of("contact", index=False)
    provider: str = Field(max_length=20)
    state: str = Field(max_length=12)
    remote_id: str = Field(default="", max_length=100)
    remote_email: str = Field(default="", max_length=254)
    is_basic: bool = False  # a free user: meetings end after 40 minutes
    passcode_rule: str = Field(default="", max_length=1000)  # JSON of providers.base.PasscodeRule; empty = not read
    checked_at: datetime
    picked_at: datetime | None = None  # by hand: `remote_id` stays, whatever the addresses say
    suggested: str = Field(default="[]", max_length=1000)  # JSON: ids of users that may be meant, best first
