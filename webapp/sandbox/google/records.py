"""Hold what the stand-in of Google knows."""

from dataclasses import dataclass, field
from typing import Any

from ..records import Record

ROLES = ("freeBusyReader", "reader", "writer", "owner")
"""What somebody may do on a calendar, each more than the one before."""


@dataclass(frozen=True)
class Account(Record):
    """A person with a Google account; `id` is what OpenID calls sub."""

    id: str
    sequence: int
    email: str
    name: str
    timezone: str


@dataclass(frozen=True)
class Calendar(Record):
    """The primary one of an account has its address as id. `roles` is by the id of the account."""

    id: str
    sequence: int
    summary: str
    timezone: str
    roles: dict[str, str]
    is_primary: bool = False
    deleted_at: float | None = None

    def role_of(self, account_id: str) -> str:
        """Empty for a stranger, and for all once the calendar is deleted."""
        return "" if self.deleted_at is not None else self.roles.get(account_id, "")


@dataclass(frozen=True)
class Event(Record):
    """`id` is calendar and event id together: the latter is unique on its calendar only, and stays so when deleted.

    `said` holds the fields that whoever wrote it has said, as the API has them."""

    id: str
    calendar_id: str
    event_id: str
    sequence: int
    created_at: float
    updated_at: float
    creator: str
    status: str = "confirmed"
    revision: int = 0
    uid: str = ""  # of the file, or by the app, that it was made from
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def is_deleted(self) -> bool:
        return self.status == "cancelled"

    @property
    def ical_uid(self) -> str:
        return self.uid or f"{self.event_id}@google.com"

    @property
    def private(self) -> dict[str, str]:
        found: dict[str, str] = self.said.get("extendedProperties", {}).get("private", {})
        return found


def event_key(calendar_id: str, event_id: str) -> str:
    return f"{calendar_id} {event_id}"


@dataclass(frozen=True)
class App(Record):
    """A project's client; `id` is the client id. While it is in testing, its refresh tokens die after 7 days."""

    id: str
    secret: str
    name: str
    redirect_uris: tuple[str, ...]
    is_testing: bool = False


@dataclass(frozen=True)
class Code(Record):
    """An authorisation code; `id` is the code itself."""

    id: str
    client_id: str
    account_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    method: str
    is_offline: bool
    expires_at: float


@dataclass(frozen=True)
class Grant(Record):
    id: str
    client_id: str
    account_id: str
    scopes: tuple[str, ...]
    granted_at: float
    ends_at: float | None = None
    revoked_at: float | None = None

    def is_living(self, now: float) -> bool:
        return self.revoked_at is None and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True)
class Token(Record):
    """An access or a refresh token; `id` is the token itself."""

    id: str
    kind: str
    grant_id: str
    expires_at: float | None = None
