"""Count calls as Zoom does: per second and label for the account, and 100 creates and updates per host and UTC day."""

import threading
from bisect import insort
from collections import defaultdict, deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from .answers import ZoomError, zulu

# Calls per second of one account, shared by all apps that it installed.
RATES: dict[str, dict[str, int]] = {
    "free": {"LIGHT": 4, "MEDIUM": 2, "HEAVY": 1},
    "pro": {"LIGHT": 30, "MEDIUM": 20, "HEAVY": 10},
    "business": {"LIGHT": 80, "MEDIUM": 60, "HEAVY": 40},
}
LIMIT_HEADERS = ("documented", "observed", "seconds", "http_date", "bare")
_MESSAGES = {
    "second": "You have reached the maximum per-second rate limit for this API. Try again later.",
    "day": "You have reached the maximum daily rate limit for this API. "
    "Refer to the response header for details on when you can make another request.",
    "host": "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this "
    "particular user. You may resume these requests at GMT 00:00:00.",
    "concurrent": "Too many concurrent requests. A request to disassociate this user has already been made.",
}
LIMIT_KINDS = tuple(_MESSAGES)


class RateWindow:
    """When the calls of the last second arrived, per label."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, deque[float]] = defaultdict(deque)

    def admits(self, label: str, plan: str, arrived: float) -> bool:
        """By the monotonic clock. One that is answered late may have come before one that was looked at already."""
        with self._lock:
            seen = self._seen[label]
            while seen and seen[0] <= arrived - 1:
                seen.popleft()
            if len(seen) >= RATES[plan][label]:
                return False
            insort(seen, arrived)
            return True


def host_day(host_id: str, now: float) -> str:
    return f"{host_id}|{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"


def limit_error(kind: str, label: str, dialect: str, now: float) -> ZoomError:
    """A 429 of the kind `second`, `day`, `host` or `concurrent`, with the headers of one of the dialects seen."""
    return ZoomError(429, 429, _MESSAGES[kind], headers=_headers(kind, label, dialect, now))


def _headers(kind: str, label: str, dialect: str, now: float) -> dict[str, str]:
    free_at = _next_day(now) if kind in {"day", "host"} else now + 1
    if dialect == "documented":
        return _documented(kind, label, free_at)
    if dialect == "observed":
        return {"x-ratelimit-category": "Light", "x-ratelimit-limit": "6000", "x-ratelimit-remaining": "5893"}
    if dialect == "seconds":
        return {"Retry-After": str(max(1, round(free_at - now)))}
    if dialect == "http_date":
        return {"Retry-After": format_datetime(datetime.fromtimestamp(free_at, UTC), usegmt=True)}
    return {}


def _documented(kind: str, label: str, free_at: float) -> dict[str, str]:
    headers = {"X-RateLimit-Category": label.title(), "X-RateLimit-Remaining": "0"}
    if kind in {"day", "host"}:
        limit = "100" if kind == "host" else "6000"
        return {**headers, "X-RateLimit-Type": "Daily-limit", "X-RateLimit-Limit": limit, "Retry-After": zulu(free_at)}
    return {**headers, "X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "80", "X-RateLimit-Reset": zulu(free_at)}


def _next_day(now: float) -> float:
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day + timedelta(days=1)).timestamp()
