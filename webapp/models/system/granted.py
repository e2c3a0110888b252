"""A granted row holds one OAuth grant: tokens encrypted and bound to the row, and who refreshes them just now."""

from datetime import datetime

from sqlmodel import Field, SQLModel

SERVICES = {"zoom": "Zoom", "google": "Google", "microsoft": "Outlook"}
"""How the pages call a provider."""


class Granted(SQLModel):
    """Not a table: the columns that every row with a grant shares, whosever it is."""

    provider: str = Field(max_length=20)
    account_id: str = Field(default="", max_length=100)
    account_name: str = Field(default="", max_length=200)
    account_email: str = Field(default="", max_length=254)
    scopes: str = Field(default="", max_length=4000)  # as granted, space separated
    api_url: str = Field(default="", max_length=200)  # where this grant is served, if the provider says so
    access_token: str = Field(default="")  # encrypted
    refresh_token: str = Field(default="")  # encrypted
    former_refresh_token: str = Field(default="")  # encrypted; the one before, for one round
    access_expires_at: datetime | None = None
    access_seconds: int = Field(default=3600)  # how long an access token lives
    refresh_ends_at: datetime | None = None  # of a grant that dies by itself, as of a Google project in testing
    refresh_claim: str | None = Field(default=None, max_length=32)  # one refresh at a time
    refresh_lease_until: datetime | None = None
    refresh_tried_at: datetime | None = None
    refreshed_at: datetime | None = None
    called_at: datetime | None = None  # the last call that succeeded, to the minute
    clock_ahead: int | None = None  # seconds by which our clock was ahead of the provider's
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    needs_reconnect_at: datetime | None = None  # the grant is dead until somebody connects again

    @property
    def service(self) -> str:
        return SERVICES[self.provider]
