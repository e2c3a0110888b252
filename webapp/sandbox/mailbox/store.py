"""Keep every message received, in order, and wake those who wait for the next one."""

import email
import email.policy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Self

from ..storage import replace_bytes

_FROM, _TO, _AT = "X-Envelope-From", "X-Envelope-To", "X-Envelope-At"


@dataclass(frozen=True)
class StoredMessage:
    """`recipients` are the envelope's, so that a blind copy is found too."""

    id: int
    sender: str
    recipients: tuple[str, ...]
    received_at: datetime
    raw: bytes

    @cached_property
    def content(self) -> EmailMessage:
        message = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def is_for(self, address: str) -> bool:
        return not address or address.casefold() in {recipient.casefold() for recipient in self.recipients}

    def to_file(self) -> bytes:
        """The message as received behind three lines of its envelope."""
        lines = (
            f"{_FROM}: {self.sender}",
            f"{_TO}: {', '.join(self.recipients)}",
            f"{_AT}: {self.received_at.isoformat()}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode() + self.raw

    @classmethod
    def from_file(cls, number: int, content: bytes) -> Self:
        *envelope, raw = content.split(b"\r\n", 3)
        sender, recipients, received_at = (line.decode().partition(": ")[2] for line in envelope)
        return cls(number, sender, tuple(recipients.split(", ")), datetime.fromisoformat(received_at), raw)


class Mailbox:
    """All addresses are taken in, but those that it was told to refuse. Thread-safe."""

    def __init__(
        self, directory: Path | None = None, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._changed = threading.Condition()
        self._refusals: dict[str, int] = {}
        self._is_closed = False
        self._messages = _read_directory(directory) if directory else []
        self._last_id = self._messages[-1].id if self._messages else 0

    def add(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> StoredMessage:
        with self._changed:
            message = StoredMessage(self._last_id + 1, sender, recipients, self._clock(), raw)
            if self._directory:
                replace_bytes(_path(self._directory, message.id), message.to_file())
            self._last_id = message.id
            self._messages.append(message)
            self._changed.notify_all()
        return message

    def find(self, *, to: str = "", after: int = 0) -> list[StoredMessage]:
        """Oldest first."""
        with self._changed:
            return self._matching(to, after)

    def wait_for(self, *, to: str = "", after: int = 0, seconds: float = 10.0) -> list[StoredMessage]:
        """As `find`, but where nothing matches yet it waits; empty when the time is over."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (found := self._matching(to, after)) and not self._is_closed:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    return self._matching(to, after)
            return found

    def get(self, number: int) -> StoredMessage | None:
        with self._changed:
            return next((message for message in self._messages if message.id == number), None)

    def clear(self) -> None:
        """Ids go on from where they were, so that `after` still means the same."""
        with self._changed:
            for message in self._messages:
                if self._directory:
                    _path(self._directory, message.id).unlink(missing_ok=True)
            self._messages.clear()

    def refuse(self, address: str, code: int = 550) -> None:
        """From now on, with any code of 4xx (try later) or 5xx (never); `*` stands for everybody."""
        if not 400 <= code <= 599:
            raise ValueError("code must be 400 to 599")
        with self._changed:
            self._refusals[address.casefold()] = code

    def accept(self, address: str) -> None:
        with self._changed:
            self._refusals.pop(address.casefold(), None)

    def refusals(self) -> dict[str, int]:
        with self._changed:
            return dict(self._refusals)

    def refusal_of(self, address: str) -> int | None:
        with self._changed:
            return self._refusals.get(address.casefold(), self._refusals.get("*"))

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _matching(self, to: str, after: int) -> list[StoredMessage]:
        return [message for message in self._messages if message.id > after and message.is_for(to)]


def _path(directory: Path, number: int) -> Path:
    return directory / f"{number:06}.eml"


def _read_directory(directory: Path) -> list[StoredMessage]:
    paths = sorted(directory.glob("*.eml"), key=lambda path: int(path.stem))
    return [StoredMessage.from_file(int(path.stem), path.read_bytes()) for path in paths]
