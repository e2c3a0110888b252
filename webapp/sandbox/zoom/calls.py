"""Let each call of the API pass the same gates: latency, planned faults, the work, the log."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import request

from ..answers import Answer
from ..planned import PlannedAnswer
from ..servers import ARRIVED
from .answers import ZoomError
from .faults import refusal
from .grants import bearer_of
from .limits import limit_error
from .records import User
from .scopes import Operation
from .state import ZoomState
from .web import site


@dataclass(frozen=True)
class Call:
    """One authorised call: who granted it, and what it says."""

    state: ZoomState
    user: User
    now: float
    query: Mapping[str, str]
    body: bytes
    site: str

    @cached_property
    def content(self) -> dict[str, Any]:
        """Raises ZoomError 300 unless the body is a JSON object."""
        try:
            content = json.loads(self.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise ZoomError(400, 300, "Request Body should be a valid JSON object.")
        return content


def perform(state: ZoomState, operation: str, work: Callable[[], Answer]) -> Answer:
    """Do the work, unless a planned fault comes first or stands in for its answer; log what was sent."""

    def refused(plan: PlannedAnswer) -> Answer:
        return refusal(plan, state.switches.limit_headers, state.now())

    return state.perform(request.method, request.path, operation, work, refused)


def authorised(state: ZoomState, operation: Operation, view: Callable[..., Answer], **path: str) -> Answer:
    """What the view answers to a call that has a living token, a scope and a place within the rates."""
    try:
        user, grant = bearer_of(state, request.headers.get("Authorization", ""))
        _check_scope(state, operation, grant.scopes)
        _check_rate(state, operation)
        answer = view(_call(state, user), **path)
    except ZoomError as error:
        return error.answer
    return Answer(answer.status, answer.body, {**answer.headers, "X-RateLimit-Category": operation.label.title()})


def _call(state: ZoomState, user: User) -> Call:
    return Call(state, user, state.now(), request.args, request.get_data(), site(state))


def _check_scope(state: ZoomState, operation: Operation, held: tuple[str, ...]) -> None:
    if not operation.is_open_to(held):
        wanted = ", ".join(operation.granular)
        message = f"Invalid access token, does not contain scopes:[{wanted}]"
        raise ZoomError(state.switches.scope_status, 4711, message)


def _check_rate(state: ZoomState, operation: Operation) -> None:
    if not state.switches.enforce_rates:
        return
    arrived = request.environ.get(ARRIVED) or time.monotonic()
    if not state.rates.admits(operation.label, state.account.plan, arrived):
        raise limit_error("second", operation.label, state.switches.limit_headers, state.now())
