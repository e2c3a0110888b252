"""A connection is a school's link to a provider: one account-level grant, tokens encrypted and bound to the row."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to, owned

BY_CONSENT, OLD_TYPE = "authorization_code", "account_credentials"
"""How the grant was made, by OAuth's words. The second is the old server-to-server app (R90)."""


class Connection(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("school_id", "provider"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    provider: str = Field(max_length=20)
    account_id: str = Field(default="", max_length=100)
    account_name: str = Field(default="", max_length=200)
    account_email: str = Field(default="", max_length=254)
    grant_type: str = Field(default=BY_CONSENT, max_length=20)
    scopes: str = Field(default="", max_length=4000)  # as granted, space separated
    api_url: str = Field(default="", max_length=200)
    access_token: str = Field(default="")  # encrypted
    refresh_token: str = Field(default="")  # encrypted
    former_refresh_token: str = Field(default="")  # encrypted; the one before, for one round
    access_expires_at: datetime | None = None
    access_seconds: int = Field(default=3600)  # how long an access token lives
    refresh_claim: str | None = Field(default=None, max_length=32)  # one refresh at a time
    refresh_lease_until: datetime | None = None
    refresh_tried_at: datetime | None = None
    refreshed_at: datetime | None = None
    last_webhook_at: datetime | None = None  # when the provider last told us of anything
    called_at: datetime | None = None  # the last call that succeeded, to the minute
    clock_ahead: int | None = None  # seconds by which our clock was ahead of the provider's
    problem: str | None = Field(default=None, max_length=500)  # the message id of what went wrong since then
    problem_values: str = Field(default="{}")
    problem_at: datetime | None = None
    connected_by_id: int | None = may_point_to("contact")
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    needs_reconnect_at: datetime | None = None  # the grant is dead until an administrator connects again
    mapped_at: datetime | None = None
    map_due_at: datetime | None = None  # when the users are read again; the row is the queue, so one run serves all
    reported: str = Field(default="", max_length=64)  # what the last report told, so that it is told once

    @property
    def is_live(self) -> bool:
        """Whether calls may be made on it."""
        is_held = self.connected_at is not None and self.disconnected_at is None and self.needs_reconnect_at is None
        return is_held and not self.is_old_type

    @property
    def is_old_type(self) -> bool:
        return self.grant_type == OLD_TYPE
