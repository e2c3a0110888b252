"""Hold the world of the stand-in of Google."""

import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..records import Record, joined, table_of
from ..world import World
from .faults import Switches, switched
from .limits import MinuteWindow
from .records import Account, App, Calendar, Code, Event, Grant, Token, event_key


class GoogleState(World[Switches]):
    """Write inside `with state.change():`, as of every world."""

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, Switches(), clock=clock)
        self._forget_everything()
        self._load(self._file.read() or {})

    def put_event(self, event: Event) -> Event:
        if event.id not in self.events:
            self._held.setdefault(event.calendar_id, []).append(event.id)
        self.events[event.id] = event
        return event

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def forget_events(self) -> None:
        """Also what was counted and planned; accounts, calendars, apps and grants stay."""
        with self.change():
            self.events.clear()
            self._held.clear()
            self.planned.clear()
            self.calls.clear()
            self.rates = MinuteWindow()
            self.switches = Switches()

    def forget_everything(self) -> None:
        with self.change():
            self.planned.clear()
            self.calls.clear()
            self.switches = Switches()
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

    def set_switches(self, **values: Any) -> Switches:
        """Raises ValueError, with a sentence."""
        with self.lock:
            self.switches = switched(self.switches, values)
            return self.switches

    def _text(self) -> str:
        parts = [f'"secret":"{self.secret}"', f'"sequence":{self._sequence}']
        parts += [f'"{name}":[{joined(table)}]' for name, table in self._tables().items()]
        return "{" + ",\n".join(parts) + "}\n"

    def _tables(self) -> dict[str, Iterable[Record]]:
        return {
            "accounts": self.accounts.values(),
            "calendars": self.calendars.values(),
            "events": self.events.values(),
            "apps": self.apps.values(),
            "codes": self.codes.values(),
            "grants": self.grants.values(),
            "tokens": self.tokens.values(),
        }

    def _load(self, content: dict[str, Any]) -> None:
        if not content:
            return
        self.secret, self._sequence = content["secret"], content["sequence"]
        for event in content["events"]:
            self.put_event(Event.read(event))
        self.accounts = table_of(Account, content["accounts"])
        self.calendars = table_of(Calendar, content["calendars"])
        self.apps = table_of(App, content["apps"])
        self.codes = table_of(Code, content["codes"])
        self.grants = table_of(Grant, content["grants"])
        self.tokens = table_of(Token, content["tokens"])
