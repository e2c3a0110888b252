"""Say what the stand-in of Microsoft keeps: mailboxes, their calendars and events, apps and what was granted."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..records import Record
from .zones import zone_named


@dataclass(frozen=True)
class Mailbox(Record):
    """One person with an address; `zone` is the one that Outlook shows them."""

    id: str
    email: str
    name: str
    zone: str = "Pacific Standard Time"


@dataclass(frozen=True)
class Calendar(Record):
    id: str
    mailbox_id: str
    name: str
    is_default: bool = False
    can_edit: bool = True
    deleted_at: float | None = None


@dataclass(frozen=True)
class Event(Record):
    """`start` and `end` are what a clock on the wall shows in `zone`, ISO without offset. `id` is the immutable one."""

    id: str
    sequence: int
    mailbox_id: str
    calendar_id: str
    subject: str
    start: str
    end: str
    zone: str
    created_at: float
    changed_at: float
    content: str = ""
    content_type: str = "text"
    place: str = ""
    is_all_day: bool = False
    show_as: str = "busy"
    sensitivity: str = "normal"
    response: str = "organizer"
    is_cancelled: bool = False
    is_reminder_on: bool = True
    transaction_id: str | None = None
    uid: str = ""  # of the file that it was made from
    fingerprint: str = ""  # of what it was made from, by which a repeated call is told from another one
    properties: dict[str, str] = field(default_factory=dict)
    recurrence: dict[str, Any] | None = None
    version: int = 1
    deleted_at: float | None = None

    @property
    def starts_at(self) -> float:
        return self.instant(self.start)

    @property
    def ends_at(self) -> float:
        return self.instant(self.end)

    def instant(self, wall: str) -> float:
        return datetime.fromisoformat(wall).replace(tzinfo=zone_named(self.zone)).timestamp()


@dataclass(frozen=True)
class App(Record):
    """`id` is the client id."""

    id: str
    secret: str
    name: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True)
class Code(Record):
    """An authorisation code; `id` is the code itself."""

    id: str
    client_id: str
    mailbox_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    method: str
    expires_at: float


@dataclass(frozen=True)
class Grant(Record):
    id: str
    client_id: str
    mailbox_id: str
    scopes: tuple[str, ...]
    granted_at: float
    ended: str = ""  # why its refresh tokens serve no longer
    revoked_at: float | None = None  # from when on its access tokens do not either


@dataclass(frozen=True)
class Token(Record):
    """An access or a refresh token; `id` is the token itself."""

    id: str
    kind: str
    grant_id: str
    expires_at: float
