"""Plan what the next calls of a stand-in get instead of the true answer, and how often."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .answers import Answer

_random = secrets.SystemRandom()

# A vendor's gateway answers in its own format when it fails.
_BODIES: dict[str, tuple[int, str, str]] = {
    "empty": (200, "", "application/json"),
    "malformed": (201, '{"id": 98', "application/json"),
    "xml": (400, "<?xml version='1.0'?><result><code>300</code></result>", "application/xml"),
    "html": (502, "<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"),
}
KINDS = ("status", "drop", "drip", *_BODIES)
"""Every stand-in has these; each adds the refusals of its own service."""

# These tell the caller nothing, or not in time, and hurt most when the work was done.
_DONE_FIRST = {"drop", "drip", "empty", "malformed"}


@dataclass(frozen=True)
class PlannedAnswer:
    """What the next `times` calls of `operation` get (None: all; "*": any). With `done` the work is done first."""

    operation: str = "*"
    kind: str = "status"
    status: int = 500
    times: int | None = 1
    done: bool = False
    share: float = 1.0  # of the calls, by chance

    def describe(self) -> dict[str, Any]:
        return asdict(self)


def planned_answer(values: Mapping[str, Any], kinds: Collection[str] = KINDS) -> PlannedAnswer:
    """Raises ValueError, with a sentence, when the values make no sense."""
    unknown = sorted(set(values) - {one.name for one in fields(PlannedAnswer)})
    if unknown:
        raise ValueError(f"unknown field: {', '.join(unknown)}")
    kind = values.get("kind", "status")
    if kind not in kinds:
        raise ValueError(f"kind must be one of {', '.join(kinds)}")
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


def answer_by_plan(
    planned: PlannedAnswer | None, work: Callable[[], Answer], refusal: Callable[[PlannedAnswer], Answer]
) -> Answer:
    """The work's answer, unless the plan comes first or stands in for a good one. `refusal` words it in the way of
    the service, for every kind that is not one of KINDS but "status"."""
    if planned and not planned.done:
        return _faulty(planned, refusal)
    answer = work()
    if not planned or not answer.is_good:
        return answer
    return replace(answer, drips=True) if planned.kind == "drip" else _faulty(planned, refusal)


def _faulty(planned: PlannedAnswer, refusal: Callable[[PlannedAnswer], Answer]) -> Answer:
    if planned.kind == "drop":
        return Answer(dropped=True)
    if planned.kind in _BODIES:
        status, body, content_type = _BODIES[planned.kind]
        return Answer(status, body, content_type=content_type)
    return refusal(planned)
