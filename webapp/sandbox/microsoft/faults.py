"""Switch what of the real service is not known or differs, and word what a planned fault answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import switches as shared
from ..answers import Answer
from ..planned import KINDS, PlannedAnswer
from .answers import GraphError
from .limits import over_concurrency, over_rate

LIMITS = ("limit:concurrency", "limit:rate")
ALL_KINDS = (*KINDS, *LIMITS)


@dataclass(frozen=True)
class Switches(shared.Switches):
    """Seconds where a time is meant."""

    answer_delay: float = 0.0  # after the work was done, before the answer; the mailbox is busy until then
    most_at_once: int = 4  # calls of one app for one mailbox
    window_limit: int = 10_000  # likewise, within `window`
    window: float = 600.0
    retry_after: float = 1.5  # what a 429 says; Graph's are sometimes fractions
    page_limit: int = 1000  # the largest page; the real one is 1000
    # Seen: 201 with the first one's event if the content is the same, otherwise 400. Also told: 201 or 409 always.
    repeated_create: str = "same"
    # Whether a transactionId is remembered when its event was deleted is not documented.
    transaction_memory: str = "ever"
    credentials: str = "good"  # the app's
    refresh_in_scope: bool = True  # whether offline_access brings a refresh token


RANGES = {
    **shared.RANGES,
    "answer_delay": (0.0, 60.0),
    "most_at_once": (1.0, 1000.0),
    "window_limit": (1.0, 1_000_000.0),
    "window": (0.1, 3600.0),
    "retry_after": (0.0, 3600.0),
    "page_limit": (1.0, 1000.0),
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "repeated_create": ("same", "echo", "refused", "conflict"),
    "transaction_memory": ("ever", "standing"),
    "credentials": ("good", "expired", "expired for refreshing"),
    "refresh_in_scope": (True, False),
}


def switched(switches: Switches, values: Mapping[str, Any]) -> Switches:
    """Raises ValueError, with a sentence."""
    return shared.switched(switches, values, RANGES, CHOICES)


def refusal(planned: PlannedAnswer, switches: Switches, now: float) -> Answer:
    """What the planned fault answers in Graph's words."""
    if planned.kind == "limit:concurrency":
        return over_concurrency(switches.retry_after).answer(now)
    if planned.kind == "limit:rate":
        return over_rate(switches.retry_after).answer(now)
    code = _CODES.get(planned.status, "UnknownError")
    return GraphError(planned.status, code, "The stand-in was told to fail this call.").answer(now)


_CODES = {
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    404: "ErrorItemNotFound",
    409: "ErrorIrresolvableConflict",
    500: "ErrorInternalServerError",
    503: "serviceNotAvailable",
    504: "UnknownError",
}
