"""Hold the world of the stand-in of Google."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..world import World
from .faults import Switches, switched
from .limits import MinuteWindow
from .records import Account, App, Calendar, Code, Event, Grant, Token, event_key


class GoogleState(World[Switches]):
    """Write inside `with state.change():`, as of every world."""

    TABLES = {
        "accounts": Account,
        "calendars": Calendar,
        "events": Event,
        "apps": App,
        "codes": Code,
        "grants": Grant,
        "tokens": Token,
    }

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, Switches(), switched, clock=clock)
        self._forget_everything()
        self._load(self._file.read() or {})

    def put_event(self, event: Event) -> Event:
        if event.id not in self.events:
            self._held.setdefault(event.calendar_id, []).append(event.id)
        self.events[event.id] = event
        return event

    def forget_events(self) -> None:
        """Also what was counted and planned; accounts, calendars, apps and grants stay."""
        with self.change():
            self.events.clear()
            self._held.clear()
            self.rates = MinuteWindow()
            self.forget_traces()

    def forget_everything(self) -> None:
        with self.change():
            self.forget_traces()
            self._forget_everything()

    def _forget_everything(self) -> None:
        self.secret = secrets.token_hex(16)
        self.rates = MinuteWindow()
        self.accounts: dict[str, Account] = {}
        self.calendars: dict[str, Calendar] = {}
        self.events: dict[str, Event] = {}
        self.apps: dict[str, App] = {}
        self.codes: dict[str, Code] = {}
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, Token] = {}
        self._held: dict[str, list[str]] = {}
        self._sequence = 0

    def account_with_email(self, email: str) -> Account | None:
        with self.lock:
            return next((one for one in self.accounts.values() if one.email.casefold() == email.casefold()), None)

    def all_accounts(self) -> list[Account]:
        with self.lock:
            return list(self.accounts.values())

    def calendars_of(self, account_id: str) -> list[Calendar]:
        """All on which the account may do anything, in the order in which they came."""
        with self.lock:
            return [one for one in self.calendars.values() if one.role_of(account_id)]

    def event(self, calendar_id: str, event_id: str) -> Event | None:
        with self.lock:
            return self.events.get(event_key(calendar_id, event_id))

    def events_on(self, calendar_id: str) -> list[Event]:
        with self.lock:
            return [self.events[key] for key in self._held.get(calendar_id, [])]

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "secret": self.secret}

    def _load(self, content: dict[str, Any]) -> None:
        super()._load(content)
        self.secret = content.get("secret", self.secret)
        for event in self.events.values():
            self._held.setdefault(event.calendar_id, []).append(event.id)
