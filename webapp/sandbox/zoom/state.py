"""Hold the world of the stand-in of Zoom."""

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..world import World
from .faults import Switches, switched
from .limits import RateWindow
from .outbox import Outbox
from .records import Account, App, Code, Grant, Meeting, Token, User


class ZoomState(World[Switches]):
    """Write inside `with state.change():`, as of every world."""

    TABLES = {"users": User, "meetings": Meeting, "apps": App, "codes": Code, "grants": Grant, "tokens": Token}

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, Switches(), switched, clock=clock)
        self.rates = RateWindow()
        self.outbox = Outbox(self.now, lambda: self.switches, self.stopping)
        self._forget_everything()
        self._load(self._file.read() or {})

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

    def forget_meetings(self) -> None:
        """Also what was counted and planned; users, apps and grants stay."""
        with self.change():
            self.meetings.clear()
            self._hosted.clear()
            self.writes.clear()
            self.forget_traces()

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

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "account": asdict(self.account), "secret": self.secret, "writes": self.writes}

    def _load(self, content: dict[str, Any]) -> None:
        if not content:
            return
        super()._load({**content, "users": [], "meetings": []})
        self.account = Account.read(content["account"])
        self.secret, self.writes = content["secret"], dict(content["writes"])
        for user in content["users"]:
            self.put_user(User.read(user))
        for meeting in content["meetings"]:
            self.put_meeting(Meeting.read(meeting))
