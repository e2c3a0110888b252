"""Make the stand-in misbehave on demand: lasting switches, and answers planned for the next calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import planned
from .. import switches as lasting
from ..answers import Answer
from ..planned import PlannedAnswer
from .answers import ZoomError
from .limits import LIMIT_HEADERS, LIMIT_KINDS, limit_error


@dataclass(frozen=True)
class Switches(lasting.Switches):
    """Seconds where a time is meant. `daily_limit` 0 means none."""

    create_delay: float = 0.0  # after the meeting was made, before the answer
    list_lag: float = 0.0  # how old the picture is that a list of meetings shows
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


_RANGES = {
    **lasting.RANGES,
    "create_delay": (0.0, 60.0),
    "list_lag": (0.0, 600.0),
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
    """Raises ValueError, with a sentence."""
    return lasting.switched(switches, values, _RANGES, _CHOICES)


KINDS = (*planned.KINDS, *(f"limit:{kind}" for kind in LIMIT_KINDS))


def planned_answer(values: Mapping[str, Any]) -> PlannedAnswer:
    """Raises ValueError, with a sentence."""
    return planned.planned_answer({"operation": "meetingCreate", **values}, KINDS)


def refusal(plan: PlannedAnswer, dialect: str, now: float) -> Answer:
    if plan.kind.startswith("limit:"):
        return limit_error(plan.kind.removeprefix("limit:"), "LIGHT", dialect, now).answer
    return ZoomError(plan.status, plan.status, "The stand-in was told to fail this call.").answer
