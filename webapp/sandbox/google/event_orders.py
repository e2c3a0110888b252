"""Check what a request says of an event, and refuse what the API would."""

import re
from collections.abc import Mapping
from typing import Any

from .answers import invalid
from .moments import span_of
from .records import Calendar
from .recurrence import occurrences

_ID = re.compile(r"[a-v0-9]{5,1024}")
_READ_ONLY = frozenset(
    "kind etag htmlLink created updated creator organizer iCalUID sequence recurringEventId originalStartTime".split()
)
_CHOICES = {
    "status": {"confirmed", "tentative", "cancelled"},
    "visibility": {"default", "public", "private", "confidential"},
    "transparency": {"opaque", "transparent"},
}
_LONGEST = {"summary": 1024, "location": 1024, "description": 8192}
LONGEST_NAME, LONGEST_VALUE = 44, 1024
"""Of an extended property."""


def event_id_in(said: Mapping[str, Any]) -> str:
    """The one that the client chose, or empty."""
    wanted = said.get("id", "")
    if not wanted:
        return ""
    if not isinstance(wanted, str) or not _ID.fullmatch(wanted):
        raise invalid("id", "Invalid resource id value.")
    if said.get("iCalUID"):
        raise invalid("iCalUID", "Only one of id and iCalUID may be given.")
    return wanted


def checked(said: Mapping[str, Any], calendar: Calendar) -> dict[str, Any]:
    """What is kept of it. Raises GoogleError 400."""
    kept = {name: value for name, value in merged({}, said).items() if name not in _READ_ONLY | {"id"}}
    span = span_of(kept, calendar.timezone)
    for name, allowed in _CHOICES.items():
        if kept.get(name, next(iter(allowed))) not in allowed:
            raise invalid(name, "Invalid value")
    for name, longest in _LONGEST.items():
        if len(str(kept.get(name, ""))) > longest:
            raise invalid(name, "Invalid value: too long")
    _check_properties(kept.get("extendedProperties", {}))
    if kept.get("recurrence"):
        occurrences(span, kept["recurrence"], span.starts_at)
    kept.pop("status", None)
    return kept


def merged(held: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """As a PATCH does it: objects field by field, everything else whole; null takes away."""
    result = dict(held)
    for name, value in said.items():
        if isinstance(value, dict):
            former = result.get(name)
            result[name] = merged(former if isinstance(former, dict) else {}, value)
        elif value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def _check_properties(properties: Mapping[str, Any]) -> None:
    for kind in ("private", "shared"):
        for name, value in properties.get(kind, {}).items():
            if len(name) > LONGEST_NAME or len(str(value)) > LONGEST_VALUE:
                raise invalid("extendedProperties", "Invalid extended property: too long")
