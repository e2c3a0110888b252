"""Count calls as Google does: of the last minute, per person and for the whole project."""

import threading
from collections import defaultdict, deque

MINUTE = 60.0


class MinuteWindow:
    """`most` counts how many calls of one name fell into one minute at the worst."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, deque[float]] = defaultdict(deque)
        self.most: dict[str, int] = defaultdict(int)

    def admits(self, name: str, limit: int, now: float) -> bool:
        """Whoever is refused is not counted. A limit of 0 admits all."""
        with self._lock:
            seen = self._seen[name]
            while seen and seen[0] <= now - MINUTE:
                seen.popleft()
            if limit and len(seen) >= limit:
                return False
            seen.append(now)
            self.most[name] = max(self.most[name], len(seen))
            return True
