"""Make the stand-in misbehave on demand: lasting switches, and answers planned for the next calls."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .answers import Answer, ZoomError
from .limits import LIMIT_HEADERS, LIMIT_KINDS, limit_error

_random = secrets.SystemRandom()


@dataclass(frozen=True)
class Switches:
    """Seconds where a time is meant. `daily_limit` 0 means none."""

    create_delay: float = 0.0  # after the meeting was made, before the answer
    latency: float = 0.0  # before any call is looked at
    list_lag: float = 0.0  # how old the picture is that a list of meetings shows
    clock_offset: float = 0.0
    refresh_grace: float = 0.0  # how long a rotated refresh token still works
    daily_limit: int = 100  # creates and updates per host and UTC day
    enforce_rates: bool = False  # the account's calls per second and label
    limit_headers: str = "documented"
    inactive_code: int = 1001  # what creating for a deactivated host gives
    scope_status: int = 400  # seen as 400 and as 401
    webhook_delay: float = 0.0
    webhook_twice: bool = False
    webhook_forged: bool = False  # signed with a secret that is not the app's
    webhook_order: str = "kept"
    webhook_ids: str = "number"  # of meetings; both are seen


_YEAR = 366 * 24 * 3600.0
_RANGES = {
    "create_delay": (0.0, 60.0),
    "latency": (0.0, 60.0),
    "list_lag": (0.0, 600.0),
    "clock_offset": (-_YEAR, _YEAR),
    "refresh_grace": (0.0, 3600.0),
    "webhook_delay": (0.0, 3600.0),
    "daily_limit": (0.0, 100_000.0),
}
_CHOICES: dict[str, tuple[Any, ...]] = {
    "enforce_rates": (True, False),
    "limit_headers": LIMIT_HEADERS,
    "inactive_code": (1001, 3161),
    "scope_status": (400, 401),
    "webhook_twice": (True, False),
    "webhook_forged": (True, False),
    "webhook_order": ("kept", "mixed"),
    "webhook_ids": ("number", "text"),
}


def switched(switches: Switches, values: Mapping[str, Any]) -> Switches:
    """Raises ValueError, with a sentence, for an unknown name or a value out of range."""
    unknown = sorted(set(values) - {one.name for one in fields(Switches)})
    if unknown:
        raise ValueError(f"unknown switch: {', '.join(unknown)}")
    return replace(switches, **{name: _checked(name, value) for name, value in values.items()})


def _checked(name: str, value: Any) -> Any:
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(str, _CHOICES[name]))}")
        return value
    low, high = _RANGES[name]
    number = _number(name, value)
    if not low <= number <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")
    return int(number) if name == "daily_limit" else number


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number") from None


# A vendor's gateway answers in its own format when it fails.
_BODIES: dict[str, tuple[int, str, str]] = {
    "empty": (200, "", "application/json"),
    "malformed": (201, '{"id": 98', "application/json"),
    "xml": (400, "<?xml version='1.0'?><result><code>300</code></result>", "application/xml"),
    "html": (502, "<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
}
KINDS = ("status", "drop", "drip", *_BODIES, *(f"limit:{kind}" for kind in LIMIT_KINDS))
# These tell the caller nothing, or not in time, and hurt most when the work was done.
_DONE_FIRST = {"drop", "drip", "empty", "malformed"}


@dataclass(frozen=True)
class PlannedAnswer:
    """What the next `times` calls of `operation` get (None: all; "*": any). With `done` the work is done first."""

    operation: str = "meetingCreate"
    kind: str = "status"
    status: int = 500
    times: int | None = 1
    done: bool = False
    share: float = 1.0  # of the calls, by chance

    def describe(self) -> dict[str, Any]:
        return asdict(self)


def planned_answer(values: Mapping[str, Any]) -> PlannedAnswer:
    """Raises ValueError, with a sentence, when the values make no sense."""
    unknown = sorted(set(values) - {one.name for one in fields(PlannedAnswer)})
    if unknown:
        raise ValueError(f"unknown field: {', '.join(unknown)}")
    kind = values.get("kind", "status")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    planned = PlannedAnswer(**{"done": kind in _DONE_FIRST, **values})
    is_countable = planned.times is None or planned.times >= 1
    if kind == "drip" and not planned.done:
        raise ValueError("what drips is the true answer: done cannot be false")
    if not 200 <= planned.status <= 599 or not 0 < planned.share <= 1 or not is_countable:
        raise ValueError("status must be 200 to 599, share above 0 and at most 1, times at least 1")
    return planned


def take_planned(queue: list[PlannedAnswer], operation: str) -> PlannedAnswer | None:
    """Take one use of the first plan that is meant for this operation; call it under the state's lock."""
    for index, planned in enumerate(queue):
        if planned.operation in {operation, "*"} and _random.random() < planned.share:
            _use_up(queue, index, planned)
            return planned
    return None


def _use_up(queue: list[PlannedAnswer], index: int, planned: PlannedAnswer) -> None:
    if planned.times is None:
        return
    if planned.times == 1:
        del queue[index]
    else:
        queue[index] = replace(planned, times=planned.times - 1)


def faulty_answer(planned: PlannedAnswer, dialect: str, now: float) -> Answer:
    if planned.kind == "drop":
        return Answer(dropped=True)
    if planned.kind in _BODIES:
        status, body, content_type = _BODIES[planned.kind]
        return Answer(status, body, content_type=content_type)
    if planned.kind.startswith("limit:"):
        return limit_error(planned.kind.removeprefix("limit:"), "LIGHT", dialect, now).answer
    return ZoomError(planned.status, planned.status, "The stand-in was told to fail this call.").answer
