"""Read instants and waits in every way in which services write them."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = timedelta(days=2)


def retry_after(written: str, at: datetime) -> datetime | None:
    """Until when a Retry-After header asks to wait: it may be seconds, an HTTP date or an ISO date.

    None for what makes no sense or is over; at most LONGEST_WAIT from now.
    """
    text = written.strip()
    wanted = _seconds_after(text, at) or _http_date(text) or iso_instant(text)
    return min(wanted, at + LONGEST_WAIT) if wanted and wanted > at else None


def iso_instant(written: object) -> datetime | None:
    """An aware instant in UTC; a text without offset is taken as UTC."""
    try:
        return _utc(datetime.fromisoformat(str(written)))
    except (ValueError, OverflowError):
        return None


def _seconds_after(text: str, at: datetime) -> datetime | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    if not math.isfinite(seconds):
        return None
    return at + timedelta(seconds=min(max(seconds, 0), LONGEST_WAIT.total_seconds()))


def _http_date(text: str) -> datetime | None:
    try:
        return _utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _utc(instant: datetime) -> datetime:
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
