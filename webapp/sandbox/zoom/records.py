"""Hold what the stand-in of Zoom knows."""

from dataclasses import dataclass, field
from typing import Any

from ..records import Record

MEETING_LIFE = 30 * 24 * 3600.0  # a single meeting's id stops working 30 days after its date

PLAIN_RULE: dict[str, Any] = {
    "consecutive_characters_length": 0,
    "have_letter": False,
    "have_number": False,
    "have_special_character": False,
    "have_upper_and_lower_characters": False,
    "length": 6,
    "only_allow_numeric": False,
    "weak_enhance_detection": False,
}
DIGITS_RULE: dict[str, Any] = {**PLAIN_RULE, "have_number": True, "only_allow_numeric": True}


@dataclass(frozen=True)
class Account(Record):
    id: str
    number: int
    name: str = "Sandbox School"
    plan: str = "business"
    timezone: str = "America/New_York"
    settings: dict[str, Any] = field(default_factory=dict)
    rule: dict[str, Any] = field(default_factory=lambda: dict(PLAIN_RULE))
    locks: tuple[str, ...] = ()
    outsiders: tuple[str, ...] = ()  # addresses that Zoom knows, but not in this account


@dataclass(frozen=True)
class User(Record):
    id: str
    sequence: int
    email: str
    first_name: str
    last_name: str
    pmi: int
    created_at: float
    type: int = 2
    status: str = "active"
    role: str = "member"
    timezone: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    rule: dict[str, Any] | None = None
    invitation_expired: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    @property
    def is_admin(self) -> bool:
        return self.role in {"owner", "admin"} and self.status == "active"


@dataclass(frozen=True)
class Meeting(Record):
    id: int
    sequence: int
    uuid: str
    host_id: str
    topic: str
    agenda: str
    type: int
    start_at: float | None
    duration: int
    timezone: str
    passcode: str
    passcode_key: str  # what the join link carries in place of the passcode
    settings: dict[str, Any]
    created_at: float
    pmi: int | None = None
    pre_schedule: bool = False
    deleted_at: float | None = None

    def stands(self, now: float) -> bool:
        return self.deleted_at is None and not self.has_expired(now)

    def has_expired(self, now: float) -> bool:
        return self.ends_at is not None and self.ends_at + MEETING_LIFE < now

    @property
    def ends_at(self) -> float | None:
        return None if self.start_at is None else self.start_at + self.duration * 60


@dataclass(frozen=True)
class App(Record):
    """`id` is the client id."""

    id: str
    secret: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    webhook_url: str = ""
    webhook_secret: str = ""


@dataclass(frozen=True)
class Code(Record):
    """An authorisation code; `id` is the code itself."""

    id: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    method: str
    expires_at: float


@dataclass(frozen=True)
class Grant(Record):
    id: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    granted_at: float
    revoked_at: float | None = None


@dataclass(frozen=True)
class Token(Record):
    """An access or a refresh token; `id` is the token itself."""

    id: str
    kind: str
    grant_id: str
    expires_at: float
    rotated_at: float | None = None
