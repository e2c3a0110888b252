"""Say what Confab asks of the outside: value types in and out, and one small protocol per kind of provider."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from webapp.errors import N_, ProviderError

REFUSED_ADDRESS, REFUSED_MAIL = "refused_address", "refused_mail"
"""Codes of a mail server's refusals, by which the office is advised; its own number stands in the detail."""


@dataclass(frozen=True)
class Tokens:
    """A grant's two tokens. `expires_at` is the access token's end, `refresh_ends_at` that of the other, if known."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime
    scopes: str = ""
    api_url: str = ""
    seconds: int = 3600
    refresh_ends_at: datetime | None = None

    def is_stale(self, now: datetime) -> bool:
        """From 80 % of its life on: to be renewed while it still serves (RELIABILITY 2.4)."""
        return now >= self.expires_at - timedelta(seconds=self.seconds / 5)


class TokenStore(Protocol):
    """Keeps one grant; implemented by services/meeting/tokens.py under a lease."""

    def current(self) -> Tokens:
        """The stored tokens. Raises ProviderError where there is no live grant."""

    def renewed(self, renew: Callable[[Tokens], Tokens], *, rejected: str) -> Tokens:
        """Tokens newer than the access token `rejected`: `renew` is called by one process at a time, and only if
        nobody else has renewed meanwhile. Both tokens are saved in one commit. A ProviderError of `renew` with
        code "invalid_grant" marks the grant dead and is raised again."""

    def note_success(self, *, provider_time: datetime | None) -> None:
        """A call succeeded just now. Never raises: the call has been made."""

    def note_problem(self, error: ProviderError) -> None:
        """A call failed just now. Never raises."""


@dataclass(frozen=True)
class PasscodeRule:
    """What a host's meetings must have as passcode (Zoom: meeting_password_requirement)."""

    length: int = 0
    have_letter: bool = False
    have_number: bool = False
    have_special_character: bool = False
    only_allow_numeric: bool = False
    have_upper_and_lower_characters: bool = False
    consecutive_characters_length: int = 0


@dataclass(frozen=True)
class MeetingOrder:
    """What a meeting shall be. `starts_at` is aware UTC, `zone` the event's IANA zone, `marker` our key for it.

    `rule` is the host's stored passcode rule, or None where it could not be read: then the provider chooses."""

    marker: str
    host_key: str
    topic: str
    starts_at: datetime
    minutes: int
    zone: str
    rule: PasscodeRule | None = None


@dataclass(frozen=True)
class MadeMeeting:
    """What the provider says that a meeting is; never what we sent."""

    remote_id: str
    join_url: str
    passcode: str
    host_key: str = ""
    starts_at: datetime | None = None


@dataclass(frozen=True)
class SeenMeeting:
    """A line of a host's list: `marker` is ours as it stands there, or empty; so is the link if lists have none."""

    remote_id: str
    marker: str
    starts_at: datetime | None = None
    join_url: str = ""


@dataclass(frozen=True)
class RemoteUser:
    """A user of the provider's account. `key` is empty while the invitation is pending."""

    key: str
    email: str
    name: str
    status: str  # "active", "inactive" or "pending"
    can_host: bool = True
    is_basic: bool = False


@dataclass(frozen=True)
class RemoteAccount:
    """Whose grant it is."""

    account_id: str
    name: str
    email: str


ABOUT_MEETING, ABOUT_USERS, ABOUT_GRANT = "meeting", "users", "grant"


@dataclass(frozen=True)
class Notice:
    """What a provider told us by itself. Of meetings and users it is a hint only: the provider is asked what is true.

    `about` is empty where it is none of our business. `key` is the same however often one event is told."""

    about: str
    account_id: str
    key: str
    subject: str = ""  # the meeting's remote id
    at: datetime | None = None
    is_change: bool = False  # of a meeting that is still there


class MeetingProvider(Protocol):
    """A service that holds online meetings, spoken to with one school's grant.

    Every method raises ProviderError, with `arrived` where the call may have been carried out. `by` is the monotonic
    time by which a call has to begin, or not at all (code "late"): renewing a token may take long.
    """

    def account(self) -> RemoteAccount: ...

    def users(self) -> Iterator[RemoteUser]:
        """All users, active, inactive and pending; some may come twice."""
        ...

    def user(self, key_or_email: str) -> RemoteUser | None:
        """One of them; None where the account has no such user."""
        ...

    def passcode_rule(self, host_key: str) -> PasscodeRule | None:
        """None where the rules cannot be read."""
        ...

    def make(self, order: MeetingOrder, *, by: float = math.inf) -> MadeMeeting:
        """Not idempotent: whoever calls looks up the marker first if an earlier call may have arrived.

        A refused passcode is ProviderError(code="passcode", retry=False)."""
        ...

    def change(self, remote_id: str, order: MeetingOrder, *, by: float = math.inf) -> MadeMeeting:
        """Bring topic and time up to date and read the meeting again: its link may have changed.

        ProviderError(code="gone") where the meeting no longer exists."""
        ...

    def remove(self, remote_id: str) -> None:
        """Idempotent: removing what is gone is fine."""
        ...

    def find(self, host_key: str, marker: str) -> list[MadeMeeting]:
        """The host's coming meetings that carry the marker, oldest first."""
        ...

    def coming(self, host_key: str) -> list[SeenMeeting]:
        """All coming meetings of the host, ours and others; what is new or gone may show late."""
        ...

    def read(self, remote_id: str) -> MadeMeeting | None:
        """What this one meeting is now; None where it does not exist."""
        ...


@dataclass(frozen=True)
class RemoteCalendar:
    """One of the calendars on which the account may write. Exactly one of an account's is the primary one."""

    key: str
    name: str
    is_primary: bool = False


@dataclass(frozen=True)
class EntryOrder:
    """What an entry shall be. `key` is ours: letters a to v and digits, 5 to 64, never used for another entry."""

    key: str
    summary: str
    description: str
    location: str
    starts_at: datetime
    ends_at: datetime
    zone: str


@dataclass(frozen=True)
class MadeEntry:
    """What the provider says that an entry is. `key` is ours as it stands there, or empty."""

    remote_id: str
    starts_at: datetime
    ends_at: datetime
    key: str = ""


@dataclass(frozen=True)
class BusySpan:
    """A time in which a calendar is taken; of what by, nothing is read."""

    starts_at: datetime
    ends_at: datetime
    calendar: str  # its key


class CalendarProvider(Protocol):
    """A calendar account, spoken to with its owner's grant.

    Every method raises ProviderError, with `arrived` where the call may have been carried out; `by` as for meetings.
    """

    def account(self) -> RemoteAccount: ...

    def calendars(self) -> list[RemoteCalendar]:
        """Those that may be written to, the primary one first."""
        ...

    def put(self, calendar: str, order: EntryOrder, *, by: float = math.inf) -> MadeEntry:
        """Idempotent: of any number of calls with one key, one entry comes, which each returns.

        ProviderError(code="used") where an entry of this key was there and was deleted: whoever still wants one
        takes another key. ProviderError(code="no_calendar") where the calendar is gone or may not be written to."""
        ...

    def change(
        self, calendar: str, remote_id: str, order: EntryOrder, *, keeps_time: bool = False, by: float = math.inf
    ) -> MadeEntry:
        """Bring the entry up to date; with `keeps_time` it stays when it is, be it a whole day.
        ProviderError(code="gone") where it no longer exists."""
        ...

    def read(self, calendar: str, remote_id: str) -> MadeEntry | None:
        """What this one entry is now; None where it does not exist, or was deleted."""
        ...

    def remove(self, calendar: str, remote_id: str) -> None:
        """Idempotent: removing what is gone is fine. Nobody is mailed."""
        ...

    def find(self, calendar: str, key: str) -> list[MadeEntry]:
        """The entries that carry the key and are not deleted, oldest first."""
        ...

    def ours(self, calendar: str, *, since: datetime) -> list[MadeEntry]:
        """All entries that carry a key of ours, whichever, and end after `since`; all pages."""
        ...

    def busy(
        self,
        calendars: Collection[str],
        *,
        starts_at: datetime,
        ends_at: datetime,
        but: Collection[str] = (),
        zone: str = "UTC",
    ) -> list[BusySpan]:
        """When these calendars are taken by anything but entries of ours, and `but` what was made from calendar files
        with these UIDs: recurring ones expanded, all-day ones in their own zone, or in `zone` where nothing tells it;
        what was declined, or is marked as free, is not busy. Sorted by start."""
        ...


class Grants(Protocol):
    """The OAuth handshake of a provider, for which a person waits."""

    def authorize_url(self, *, state: str, verifier: str) -> str: ...

    def exchange(self, code: str, *, verifier: str) -> Tokens:
        """Tokens for a fresh code. Raises ProviderError."""
        ...

    def refresh(self, tokens: Tokens) -> Tokens:
        """The next pair. Raises ProviderError."""
        ...

    def missing_scopes(self, granted: str) -> list[str]:
        """The scopes we need that were not granted, by their granular names."""
        ...

    def extra_scopes(self, granted: str) -> list[str]:
        """The scopes that were granted and no call of ours needs, sorted."""
        ...

    def revoke(self, tokens: Tokens) -> None:
        """End the grant, of which the access token has to be living. Idempotent. Raises ProviderError."""
        ...


class NotSigned(Exception):
    """The provider did not send this, or not just now."""


class BadWebhook(Exception):
    """Signed, but nothing that the provider would send."""


class Webhooks(Protocol):
    """What a provider tells us by itself."""

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice | dict[str, str]:
        """A dict is the answer to the provider's question whether this address knows the secret. `headers` have
        names in lower case.

        Raises NotSigned, before anything of the body is read, or BadWebhook."""
        ...


@dataclass(frozen=True)
class Providers:
    """What `create_app` wires and tests replace: per provider name, how to speak to it for one school's grant."""

    meetings: dict[str, Callable[[TokenStore], MeetingProvider]]
    grants: dict[str, Grants]
    link_hosts: dict[str, tuple[str, ...]]
    """Hosts on which a provider's join links may lie, such as zoom.us (subdomains included) or 127.0.0.1:5003."""
    mailer: "Mailer"
    webhooks: dict[str, Webhooks] = field(default_factory=dict)
    """By provider; without a secret there is none."""
    calendars: dict[str, Callable[[TokenStore], CalendarProvider]] = field(default_factory=dict)
    """By provider; one without a client id is not offered. Their handshakes are among `grants`."""

    def calendar(self, provider: str, store: TokenStore) -> CalendarProvider:
        """With the grant of the store. Raises ProviderError where the provider is not offered any more."""
        if provider not in self.calendars:
            raise _not_offered(provider)
        return self.calendars[provider](store)

    def handshake(self, provider: str) -> Grants:
        """Raises ProviderError where the provider is not offered any more."""
        if provider not in self.grants:
            raise _not_offered(provider)
        return self.grants[provider]


def _not_offered(provider: str) -> ProviderError:
    words = N_("%(service)s is not set up on this installation any more: its client ID is missing.")
    return ProviderError(words, retry=False, code="not_enabled", service=provider.title())


@dataclass(frozen=True)
class Attachment:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Invitation:
    """A calendar file of one entry, which mail programs read by themselves; its method is `REQUEST` or `CANCEL`."""

    method: str
    content: bytes
    filename: str = "invite.ics"


@dataclass(frozen=True)
class Mail:
    """One mail to one person, ready to send. `sender` and `recipient` are bare or `Name <address>`."""

    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    attachments: tuple[Attachment, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    sender_name: str = ""  # before the installation's own address
    reply_to: str = ""


class Mailer(Protocol):
    def greet(self) -> None:
        """Connect, encrypt and sign in as for a mail, and send none. Raises ProviderError."""

    def send(self, mail: Mail) -> None:
        """Raises ProviderError; `retry=False` where the address was refused for good."""
        ...
