"""Leave a provider that is in trouble in peace: after some failures in a row nobody calls it until a pause is over."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webapp.errors import ProviderError
from webapp.services.system.errand import growing_pause

MOST = 5
"""Failures in a row, of whatever meetings; where a line has parts, of so many of them."""

LONGEST = timedelta(minutes=1)
"""So that work goes on soon after the provider does."""

ONE_CALL = timedelta(seconds=20)
"""So long the others wait for the one who tries: longer than a call lasts."""

_NO_ANSWER = frozenset({"timeout", "unreachable", "unreadable"})


@dataclass
class _Line:
    failed: set[Hashable] = field(default_factory=set)
    pauses: int = 0
    until: datetime | None = None
    is_tried: bool = False


class Circuit:
    """Of one process, which learns by its own calls: by connection, or by provider and, as its parts, links. A part in
    trouble is left alone by itself, so that one broken mailbox stops no other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[Hashable, _Line] = {}

    def note(self, line_id: Hashable, error: ProviderError | None, *, part: Hashable = None, now: datetime) -> None:
        """What came of a call. A refusal is an answer like any other; what was under way when the pause began says
        nothing new."""
        with self._lock:
            if part is not None:
                self._note((line_id, part), error, of=object(), now=now)
            self._note(line_id, error, of=object() if part is None else part, now=now)

    def spared_until(self, line_id: Hashable, *, part: Hashable = None, now: datetime) -> datetime | None:
        """None for who may call: all, or after a pause the first who asks. The others wait for what comes of that."""
        with self._lock:
            own = None if part is None else self._spared_until((line_id, part), now=now)
            return own or self._spared_until(line_id, now=now)

    def _note(self, line_id: Hashable, error: ProviderError | None, *, of: Hashable, now: datetime) -> None:
        if error is None or not _is_trouble(error):
            self._lines.pop(line_id, None)
            return
        line = self._lines.setdefault(line_id, _Line())
        if line.until and not line.is_tried:
            return
        line.failed.add(of)
        if line.is_tried or len(line.failed) >= MOST:
            line.pauses, line.is_tried = line.pauses + 1, False
            line.until = min(growing_pause(line.pauses, now=now), now + LONGEST)

    def _spared_until(self, line_id: Hashable, *, now: datetime) -> datetime | None:
        line = self._lines.get(line_id)
        if line is None or line.until is None:
            return None
        if now < line.until <= now + LONGEST:  # later ones were noted before the clock was set back
            return line.until
        line.until, line.is_tried = now + ONE_CALL, True
        return None


def _is_trouble(error: ProviderError) -> bool:
    """Of the provider's own or on the way to it; an HTTP status of 500 and more is its own code (providers/http)."""
    return error.retry and (error.code in _NO_ANSWER or error.code.isdigit())
