"""Hold the world of the stand-in of Microsoft."""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..world import World
from .faults import Switches, switched
from .limits import Throttle
from .records import App, Calendar, Code, Event, Grant, Mailbox, Token


class MicrosoftState(World[Switches]):
    """Write inside `with state.change():`, as of every world."""

    TABLES = {
        "mailboxes": Mailbox,
        "calendars": Calendar,
        "events": Event,
        "apps": App,
        "codes": Code,
        "grants": Grant,
        "tokens": Token,
    }

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, Switches(), switched, clock=clock)
        self.throttle = Throttle()
        self._forget_everything()
        self._load(self._file.read() or {})

    def forget_events(self) -> None:
        """Also what was counted and planned; mailboxes, calendars, apps and grants stay."""
        with self.change():
            self.events.clear()
            self._made.clear()
            self.throttle.forget()
            self.forget_traces()

    def forget_everything(self) -> None:
        with self.change():
            self.forget_events()
            self._forget_everything()

    def _forget_everything(self) -> None:
        self.mailboxes: dict[str, Mailbox] = {}
        self.calendars: dict[str, Calendar] = {}
        self.events: dict[str, Event] = {}
        self.apps: dict[str, App] = {}
        self.codes: dict[str, Code] = {}
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, Token] = {}
        self._made: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self._sequence = 0

    def put(self, record: Mailbox | Calendar | Event | App) -> None:
        tables: dict[type, dict[str, Any]] = {
            Mailbox: self.mailboxes,
            Calendar: self.calendars,
            Event: self.events,
            App: self.apps,
        }
        tables[type(record)][record.id] = record
        if isinstance(record, Event):
            self._made[record.mailbox_id, record.transaction_id or ""][record.id] = None

    def mailbox_with(self, email: str) -> Mailbox | None:
        with self.lock:
            return next((one for one in self.mailboxes.values() if one.email.casefold() == email.casefold()), None)

    def calendars_of(self, mailbox_id: str) -> list[Calendar]:
        """Those that stand, the default one first."""
        with self.lock:
            own = [one for one in self.calendars.values() if one.mailbox_id == mailbox_id and one.deleted_at is None]
            return sorted(own, key=lambda one: not one.is_default)

    def events_of(self, calendar_id: str) -> list[Event]:
        """Those that stand, in the order in which they were made."""
        with self.lock:
            return [one for one in self.events.values() if one.calendar_id == calendar_id and one.deleted_at is None]

    def made_by(self, mailbox_id: str, transaction_id: str) -> Event | None:
        """What was made with this transactionId, by the memory that the switch allows."""
        is_forgetful = self.switches.transaction_memory == "standing"
        with self.lock:
            return next(
                (
                    one
                    for one in (self.events[number] for number in self._made[mailbox_id, transaction_id])
                    if not (is_forgetful and one.deleted_at is not None)
                ),
                None,
            )

    def _load(self, content: dict[str, Any]) -> None:
        super()._load(content)
        for event in self.events.values():
            self._made[event.mailbox_id, event.transaction_id or ""][event.id] = None


def new_id(prefix: str) -> str:
    """As long as Exchange's ids are, with the characters that have to be quoted in an address."""
    return f"{prefix}{secrets.token_urlsafe(60)}AA="
