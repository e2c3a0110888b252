"""Stand in for the outside within the process: fakes with state that keep the same contract as the real ones."""

import math
import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from passcode_rules import broken

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers.base import (
    BusySpan,
    CalendarProvider,
    EntryOrder,
    MadeEntry,
    MadeMeeting,
    Mail,
    MeetingOrder,
    MeetingProvider,
    PasscodeRule,
    RemoteAccount,
    RemoteCalendar,
    RemoteUser,
    SeenMeeting,
    Tokens,
    TokenStore,
)
from webapp.providers.zoom.passcode import make_passcode

T = TypeVar("T")


class Failures:
    """What shall go wrong next. With `arrived` in the error, the work is done before it is raised."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[ProviderError]] = defaultdict(deque)

    def fail(self, method: str, error: ProviderError, *, times: int = 1) -> None:
        self._planned[method].extend([error] * times)

    def _run(self, method: str, work: Callable[[], T]) -> T:
        if not self._planned[method]:
            return work()
        error = self._planned[method].popleft()
        if error.arrived:
            work()
        raise error


@dataclass(frozen=True)
class FakeMeeting:
    id: str
    host_key: str
    marker: str
    topic: str
    starts_at: datetime
    minutes: int
    passcode: str
    removed: bool = False

    def shown(self) -> MadeMeeting:
        link = f"https://linden.zoom.us/j/{self.id}?pwd={self.passcode}"
        return MadeMeeting(self.id, link, self.passcode, self.host_key, self.starts_at)

    def listed(self) -> SeenMeeting:
        return SeenMeeting(self.id, self.marker, self.starts_at, self.shown().join_url)


class FakeMeetings(Failures):
    """A MeetingProvider of which everything can be seen and set: `directory`, `rules`, `meetings`, `calls`."""

    link_hosts = ("zoom.us",)

    def __init__(self) -> None:
        super().__init__()
        self.directory: list[RemoteUser] = []
        self.rules: dict[str, PasscodeRule] = {}
        self.meetings: dict[str, FakeMeeting] = {}
        self.lagging: list[SeenMeeting] | None = None  # what lists show meanwhile
        self.now: Callable[[], datetime] = lambda: datetime.min.replace(tzinfo=UTC)
        self.calls: list[str] = []
        self.on_call: Callable[[str], None] | None = None
        self.gate = threading.Event()
        """Calls wait while it is cleared."""
        self.gate.set()
        self._lock = threading.RLock()

    def for_store(self, store: TokenStore) -> MeetingProvider:
        """What `Providers.meetings` wants."""
        return self

    def add_user(self, email: str, **values: object) -> RemoteUser:
        status = str(values.get("status", "active"))
        key = "" if status == "pending" else f"u{len(self.directory) + 1}"
        user = replace(RemoteUser(key, email, email.split("@")[0], status), **values)  # type: ignore[arg-type]
        self.directory.append(user)
        return user

    def standing(self, marker: str | None = None) -> list[FakeMeeting]:
        return [m for m in self.meetings.values() if not m.removed and marker in {None, m.marker}]

    def account(self) -> RemoteAccount:
        return self._do("account", lambda: RemoteAccount("acc", "Linden Park", "office@linden.example"))

    def users(self) -> Iterator[RemoteUser]:
        return iter(self._do("users", lambda: list(self.directory)))

    def user(self, key_or_email: str) -> RemoteUser | None:
        wanted = key_or_email.casefold()
        return self._do(
            "user", lambda: next((u for u in self.directory if wanted in {u.key, u.email.casefold()}), None)
        )

    def passcode_rule(self, host_key: str) -> PasscodeRule | None:
        return self._do("passcode_rule", lambda: self._rule(host_key))

    def make(self, order: MeetingOrder, *, by: float = math.inf) -> MadeMeeting:
        return self._do("make", lambda: self._make(order))

    def change(self, remote_id: str, order: MeetingOrder, *, by: float = math.inf) -> MadeMeeting:
        return self._do("change", lambda: self._change(remote_id, order))

    def remove(self, remote_id: str) -> None:
        self._do("remove", lambda: self._remove(remote_id))

    def find(self, host_key: str, marker: str) -> list[MadeMeeting]:
        return self._do("find", lambda: [m.shown() for m in self.standing(marker) if m.host_key == host_key])

    def coming(self, host_key: str) -> list[SeenMeeting]:
        return self._do(
            "coming",
            lambda: self.lagging or [m.listed() for m in self.standing() if m.host_key == host_key],
        )

    def read(self, remote_id: str) -> MadeMeeting | None:
        return self._do("read", lambda: next((m.shown() for m in self.standing() if m.id == remote_id), None))

    def _do(self, method: str, work: Callable[[], T]) -> T:
        self.calls.append(method)
        if self.on_call:
            self.on_call(method)
        self.gate.wait(30)
        with self._lock:
            return self._run(method, work)

    def _rule(self, host_key: str) -> PasscodeRule | None:
        known = any(user.key == host_key and user.key for user in self.directory)
        return self.rules.get(host_key, PasscodeRule()) if known else None

    def _make(self, order: MeetingOrder) -> MadeMeeting:
        host = next((u for u in self.directory if u.key == order.host_key and u.status == "active"), None)
        if host is None:
            raise ProviderError("No such user.", retry=False, code="not_found")
        if not host.can_host:
            raise ProviderError("This user may not host.", retry=False, code="cannot_host")
        number = str(90_000_000_000 + len(self.meetings))
        starts_at = max(order.starts_at, self.now())  # a past start silently becomes now (PROVIDERS 1.4)
        made = FakeMeeting(number, host.key, order.marker, order.topic, starts_at, order.minutes, self._passcode(order))
        self.meetings[number] = made
        return made.shown()

    def _passcode(self, order: MeetingOrder) -> str:
        rule = self.rules.get(order.host_key, PasscodeRule())
        passcode = make_passcode(order.rule or rule)
        if wrong := broken(passcode, rule):
            raise ProviderError("Refused: [%(rule)s]", retry=False, code="passcode", rule=", ".join(wrong))
        return passcode

    def _change(self, remote_id: str, order: MeetingOrder) -> MadeMeeting:
        meeting = self.meetings.get(remote_id)
        if meeting is None or meeting.removed:
            raise ProviderError("Gone.", retry=False, code="gone")
        starts_at = meeting.starts_at if order.starts_at < self.now() else order.starts_at  # or is ignored
        changed = replace(meeting, topic=order.topic, starts_at=starts_at, minutes=order.minutes)
        self.meetings[remote_id] = changed
        return changed.shown()

    def _remove(self, remote_id: str) -> None:
        if remote_id in self.meetings:
            self.meetings[remote_id] = replace(self.meetings[remote_id], removed=True)


@dataclass(frozen=True)
class FakeEntry:
    """`remote_id` is another than the key, as at Microsoft."""

    remote_id: str
    calendar: str
    order: EntryOrder
    starts_at: datetime
    ends_at: datetime
    removed: bool = False

    def shown(self) -> MadeEntry:
        return MadeEntry(self.remote_id, self.starts_at, self.ends_at, self.order.key)


class FakeCalendars(Failures):
    """A CalendarProvider of one account of which everything can be seen and set: `writable`, `private`, `entries`,
    `calls`. What the teacher does there is done by `drag` and `discard`; `private` is what else they have to do, and
    `files` what was made from calendar files, by their UIDs."""

    def __init__(self) -> None:
        super().__init__()
        self.owner = RemoteAccount("g-1", "Petra Vogel", "petra@linden.example")
        self.writable = [RemoteCalendar("main", "Petra", is_primary=True), RemoteCalendar("school", "School")]
        self.private: list[BusySpan] = []
        self.files: dict[str, BusySpan] = {}
        self.entries: dict[str, FakeEntry] = {}
        self.calls: list[str] = []
        self.on_call: Callable[[str], None] | None = None
        self._lock = threading.RLock()

    def for_store(self, store: TokenStore) -> CalendarProvider:
        """What `Providers.calendars` wants."""
        return self

    def standing(self, calendar: str | None = None) -> list[FakeEntry]:
        return [e for e in self.entries.values() if not e.removed and calendar in {None, e.calendar}]

    def drag(self, remote_id: str, *, by: timedelta) -> None:
        entry = self.entries[remote_id]
        self.entries[remote_id] = replace(entry, starts_at=entry.starts_at + by, ends_at=entry.ends_at + by)

    def discard(self, remote_id: str) -> None:
        self.entries[remote_id] = replace(self.entries[remote_id], removed=True)

    def account(self) -> RemoteAccount:
        return self._do("account", lambda: self.owner)

    def calendars(self) -> list[RemoteCalendar]:
        return self._do("calendars", lambda: list(self.writable))

    def put(self, calendar: str, order: EntryOrder, *, by: float = math.inf) -> MadeEntry:
        return self._do("put", lambda: self._put(calendar, order))

    def change(
        self, calendar: str, remote_id: str, order: EntryOrder, *, keeps_time: bool = False, by: float = math.inf
    ) -> MadeEntry:
        return self._do("change", lambda: self._change(remote_id, order, keeps_time))

    def read(self, calendar: str, remote_id: str) -> MadeEntry | None:
        return self._do("read", lambda: next((e.shown() for e in self.standing() if e.remote_id == remote_id), None))

    def remove(self, calendar: str, remote_id: str) -> None:
        self._do("remove", lambda: self.discard(remote_id) if remote_id in self.entries else None)

    def find(self, calendar: str, key: str) -> list[MadeEntry]:
        return self._do("find", lambda: [e.shown() for e in self.standing(calendar) if e.order.key == key])

    def ours(self, calendar: str, *, since: datetime) -> list[MadeEntry]:
        return self._do("ours", lambda: [e.shown() for e in self.standing(calendar) if e.ends_at > since])

    def busy(
        self,
        calendars: Collection[str],
        *,
        starts_at: datetime,
        ends_at: datetime,
        but: Collection[str] = (),
        zone: str = "UTC",
    ) -> list[BusySpan]:
        return self._do("busy", lambda: self._busy(calendars, starts_at, ends_at, but))

    def _do(self, method: str, work: Callable[[], T]) -> T:
        self.calls.append(method)
        if self.on_call:
            self.on_call(method)
        with self._lock:
            return self._run(method, work)

    def _put(self, calendar: str, order: EntryOrder) -> MadeEntry:
        """A key that was deleted stays used, as at Google."""
        if calendar not in {one.key for one in self.writable}:
            raise ProviderError("No such calendar.", retry=False, code="no_calendar")
        known = next((e for e in self.entries.values() if (e.calendar, e.order.key) == (calendar, order.key)), None)
        if known is None:
            known = FakeEntry(f"e-{len(self.entries) + 1}", calendar, order, order.starts_at, order.ends_at)
            self.entries[known.remote_id] = known
        if known.removed:
            raise ProviderError("That key was used.", retry=False, code="used")
        return known.shown()

    def _change(self, remote_id: str, order: EntryOrder, keeps_time: bool) -> MadeEntry:
        entry = self.entries.get(remote_id)
        if entry is None or entry.removed:
            raise ProviderError("Gone.", retry=False, code="gone")
        at = entry if keeps_time else order
        changed = replace(entry, order=order, starts_at=at.starts_at, ends_at=at.ends_at)
        self.entries[remote_id] = changed
        return changed.shown()

    def _busy(
        self, calendars: Collection[str], starts_at: datetime, ends_at: datetime, but: Collection[str]
    ) -> list[BusySpan]:
        spans = [*self.private, *(span for uid, span in self.files.items() if uid not in but)]
        taken = [s for s in spans if s.calendar in calendars and s.starts_at < ends_at and s.ends_at > starts_at]
        return sorted(taken, key=lambda span: span.starts_at)


@dataclass
class FakeGrants(Failures):
    """Grants: any code is good once; what the consent page grants is `granted`."""

    granted: str = "all"
    missing: list[str] = field(default_factory=list)
    revoked: list[Tokens] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    refreshes: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def authorize_url(self, *, state: str, verifier: str) -> str:
        return f"https://consent.fake.example/?state={state}"

    def exchange(self, code: str, *, verifier: str) -> Tokens:
        return self._run("exchange", lambda: self._exchange(code))

    def refresh(self, tokens: Tokens) -> Tokens:
        return self._run("refresh", lambda: self._refresh(tokens))

    def missing_scopes(self, granted: str) -> list[str]:
        return self.missing

    def extra_scopes(self, granted: str) -> list[str]:
        return [scope for scope in granted.split() if scope != "all"]

    def revoke(self, tokens: Tokens) -> None:
        self._run("revoke", lambda: self.revoked.append(tokens))

    def _exchange(self, code: str) -> Tokens:
        if code in self.used:
            raise ProviderError("That code was used.", retry=False, code="invalid_grant")
        self.used.add(code)
        return make_tokens(scopes=self.granted)

    def _refresh(self, tokens: Tokens) -> Tokens:
        self.refreshes += 1
        return make_tokens(scopes=tokens.scopes)


class FakeMailer(Failures):
    """A Mailer that keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Mail] = []

    def greet(self) -> None:
        self._run("greet", lambda: None)

    def send(self, mail: Mail) -> None:
        self._run("send", lambda: self.sent.append(mail))

    def sent_to(self, address: str) -> list[Mail]:
        return [mail for mail in self.sent if address in mail.recipient]


class HeldTokens:
    """A TokenStore in memory, without leases."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self.tokens = tokens or make_tokens()
        self.renewals = 0
        self.problems: list[ProviderError] = []

    def current(self) -> Tokens:
        return self.tokens

    def renewed(self, renew: Callable[[Tokens], Tokens], *, rejected: str) -> Tokens:
        if self.tokens.access == rejected:
            self.tokens = renew(self.tokens)
            self.renewals += 1
        return self.tokens

    def note_success(self, *, provider_time: datetime | None) -> None:
        self.problems.clear()

    def note_problem(self, error: ProviderError) -> None:
        self.problems.append(error)


def make_tokens(**values: object) -> Tokens:
    secret = secrets.token_hex(8)
    defaults = Tokens(f"access-{secret}", f"refresh-{secret}", clock.now() + timedelta(hours=1), "all")
    return replace(defaults, **values)  # type: ignore[arg-type]
