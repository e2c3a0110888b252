"""Make the stand-in misbehave on demand: lasting switches, and answers planned for the next calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import planned
from .. import switches as lasting
from ..answers import Answer
from ..planned import PlannedAnswer
from .answers import LIMITS, GoogleError, limited

PER_USER, PER_PROJECT = 600, 10_000
"""Calls a minute, by the scheme of 2026-05-01; sliding."""


@dataclass(frozen=True)
class Switches(lasting.Switches):
    """Seconds where a time is meant. A limit of 0 means none."""

    write_delay: float = 0.0  # after an entry was written, before the answer
    user_limit: int = PER_USER  # calls a minute
    project_limit: int = PER_PROJECT
    limit_status: int = 403  # with which too many calls are refused; both are seen
    retry_after: float = 0.0  # what such a refusal asks to wait; 0 leaves the header out
    page_limit: int = 2500  # entries on a page at most, whatever was asked for
    deleted_update: str = "forbidden"  # what updating a deleted entry gives


RANGES = {
    **lasting.RANGES,
    "write_delay": (0.0, 60.0),
    "user_limit": (0.0, 1_000_000.0),
    "project_limit": (0.0, 1_000_000.0),
    "retry_after": (0.0, 3600.0),
    "page_limit": (1.0, 2500.0),
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "limit_status": (403, 429),
    "deleted_update": ("forbidden", "revived", "unchanged"),
}
KINDS = (*planned.KINDS, *(f"limit:{kind}" for kind in LIMITS))


def switched(switches: Switches, values: Mapping[str, Any]) -> Switches:
    """Raises ValueError, with a sentence."""
    return lasting.switched(switches, values, RANGES, CHOICES)


def planned_answer(values: Mapping[str, Any]) -> PlannedAnswer:
    """Raises ValueError, with a sentence."""
    return planned.planned_answer({"operation": "events.insert", **values}, KINDS)


def refusal(plan: PlannedAnswer, retry_after: float) -> Answer:
    if plan.kind.startswith("limit:"):
        return limited(plan.kind.removeprefix("limit:"), retry_after).answer
    return GoogleError(plan.status, "backendError", "The stand-in was told to fail this call.").answer
