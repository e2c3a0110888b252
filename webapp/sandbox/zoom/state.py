"""Keep the world of the stand-in of Zoom under one lock, and in a file if it was given one."""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..storage import StateFile
from .faults import PlannedAnswer, Switches, switched, take_planned
from .limits import RateWindow
from .outbox import Outbox
from .records import Account, App, Code, Grant, Meeting, Record, Token, User

_REMEMBERED_CALLS = 50_000
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class LoggedCall:
    """`status` 0: the connection was dropped. `at` is the stand-in's own time."""

    number: int
    method: str
    path: str
    operation: str
    status: int
    at: float


class ZoomState:
    """Write inside `with state.change():`; the block's end puts the change into the file before it returns."""

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.public_url = ""
        self.switches = Switches()
        self.planned: list[PlannedAnswer] = []
        self.calls: deque[LoggedCall] = deque(maxlen=_REMEMBERED_CALLS)
        self.rates = RateWindow()
        self.outbox = Outbox(self.now, lambda: self.switches, self.stopping)
        self._clock = clock
        self._depth = 0
        self._version = 0
        self._call_number = 0
        self._forget_everything()
        self._file = StateFile(path, self._snapshot)
        self._load(self._file.read() or {})

    def now(self) -> float:
        return self._clock() + self.switches.clock_offset

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the stand-in."""
        if seconds > 0:
            self.stopping.wait(seconds)

    @contextmanager
    def change(self) -> Iterator[None]:
        with self.lock:
            self._depth += 1
            try:
                yield
                self._version += 1
            finally:
                self._depth -= 1
            version, is_outermost = self._version, self._depth == 0
        # The file's writer takes the lock itself, so an inner block must not wait for it here.
        if is_outermost:
            self._file.save(version)

    def put_user(self, user: User) -> User:
        former = self.users.get(user.id)
        if former:
            self._by_email.pop(former.email.casefold(), None)
        self.users[user.id] = user
        self._by_email[user.email.casefold()] = user.id
        return user

    def put_meeting(self, meeting: Meeting) -> Meeting:
        if meeting.id not in self.meetings:
            self._hosted.setdefault(meeting.host_id, []).append(meeting.id)
        self.meetings[meeting.id] = meeting
        return meeting

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def forget_meetings(self) -> None:
        """Also what was counted and planned; users, apps and grants stay."""
        with self.change():
            self.meetings.clear()
            self._hosted.clear()
            self.writes.clear()
            self.planned.clear()
            self.calls.clear()
            self.switches = Switches()

    def forget_everything(self) -> None:
        with self.change():
            self.forget_meetings()
            self._forget_everything()

    def _forget_everything(self) -> None:
        self.account = Account(id=secrets.token_urlsafe(16), number=secrets.randbelow(9_000_000) + 1_000_000)
        self.secret = secrets.token_hex(16)
        self.users: dict[str, User] = {}
        self.meetings: dict[int, Meeting] = {}
        self.apps: dict[str, App] = {}
        self.codes: dict[str, Code] = {}
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, Token] = {}
        self.writes: dict[str, int] = {}
        self._by_email: dict[str, str] = {}
        self._hosted: dict[str, list[int]] = {}
        self._sequence = 0

    def user_with_email(self, email: str) -> User | None:
        with self.lock:
            return self.users.get(self._by_email.get(email.casefold(), ""))

    def all_users(self) -> list[User]:
        with self.lock:
            return list(self.users.values())

    def all_meetings(self) -> list[Meeting]:
        with self.lock:
            return list(self.meetings.values())

    def meetings_of(self, host_id: str) -> list[Meeting]:
        with self.lock:
            return [self.meetings[key] for key in self._hosted.get(host_id, [])]

    def set_switches(self, **values: Any) -> Switches:
        """Raises ValueError, with a sentence."""
        with self.lock:
            self.switches = switched(self.switches, values)
            return self.switches

    def plan(self, planned: PlannedAnswer) -> None:
        with self.lock:
            self.planned.append(planned)

    def take_planned(self, operation: str) -> PlannedAnswer | None:
        with self.lock:
            return take_planned(self.planned, operation)

    def log_call(self, method: str, path: str, operation: str, status: int) -> None:
        with self.lock:
            self._call_number += 1
            self.calls.append(LoggedCall(self._call_number, method, path, operation, status, self.now()))

    def _snapshot(self) -> tuple[int, str]:
        with self.lock:
            parts = [f'"account":{self.account.text}', f'"secret":"{self.secret}"', f'"sequence":{self._sequence}']
            parts += [f'"{name}":[{_joined(table)}]' for name, table in self._tables().items()]
            counts = ",".join(f'"{key}":{count}' for key, count in self.writes.items())
            return self._version, "{" + ",\n".join([*parts, f'"writes":{{{counts}}}']) + "}\n"

    def _tables(self) -> dict[str, Iterable[Record]]:
        return {
            "users": self.users.values(),
            "meetings": self.meetings.values(),
            "apps": self.apps.values(),
            "codes": self.codes.values(),
            "grants": self.grants.values(),
            "tokens": self.tokens.values(),
        }

    def _load(self, content: dict[str, Any]) -> None:
        if not content:
            return
        self.account = Account.read(content["account"])
        self.secret = content["secret"]
        self._sequence = content["sequence"]
        self.writes = dict(content["writes"])
        for user in content["users"]:
            self.put_user(User.read(user))
        for meeting in content["meetings"]:
            self.put_meeting(Meeting.read(meeting))
        self.apps = _table(App, content["apps"])
        self.codes = _table(Code, content["codes"])
        self.grants = _table(Grant, content["grants"])
        self.tokens = _table(Token, content["tokens"])


def _joined(records: Iterable[Record]) -> str:
    return ",".join(record.text for record in records)


def _table(kind: type[R], rows: list[dict[str, Any]]) -> dict[str, R]:
    return {row["id"]: kind.read(row) for row in rows}
