"""A connection is a school's link to a provider: one account-level grant, tokens encrypted and bound to the row."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from webapp.models.base import may_point_to, owned
from webapp.models.system.granted import Granted

BY_CONSENT, OLD_TYPE = "authorization_code", "account_credentials"
"""How the grant was made, by OAuth's words. The second is the old server-to-server app (R90)."""


class Connection(Granted, table=True):
    __table_args__ = (UniqueConstraint("school_id", "provider"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    grant_type: str = Field(default=BY_CONSENT, max_length=20)
    last_webhook_at: datetime | None = None  # when the provider last told us of anything
    problem: str | None = Field(default=None, max_length=500)  # the message id of what went wrong since then
    problem_values: str = Field(default="{}")
    problem_at: datetime | None = None
    connected_by_id: int | None = may_point_to("contact")
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
