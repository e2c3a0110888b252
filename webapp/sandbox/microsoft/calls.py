"""Let each call of the API pass the same gates: planned faults, token, scope, a place within the limits, the log."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import request

from ..answers import Answer
from .answers import GraphError, denied, invalid
from .bodies import Preferred, preferred
from .faults import refusal
from .grants import bearer_of
from .records import Mailbox
from .state import MicrosoftState


@dataclass(frozen=True)
class Call:
    """One authorised call: whose mailbox it is about, and what it says."""

    state: MicrosoftState
    mailbox: Mailbox
    query: Mapping[str, str]
    body: bytes
    prefers: Preferred
    address: str

    @cached_property
    def content(self) -> dict[str, Any]:
        """Raises GraphError unless the body is a JSON object."""
        try:
            content = json.loads(self.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise invalid("Unable to read JSON request payload.", "BadRequest")
        return content


View = Callable[..., Answer]


@dataclass(frozen=True)
class Operation:
    """`id` is the name in the log and for planned faults; any one of the scopes will do."""

    id: str
    scopes: frozenset[str]


def perform(state: MicrosoftState, operation: Operation, view: View, path: Mapping[str, str]) -> Answer:
    return state.perform(
        request.method,
        request.path,
        operation.id,
        lambda: _authorised(state, operation, view, path),
        lambda planned: refusal(planned, state.switches, state.now()),
    )


def _authorised(state: MicrosoftState, operation: Operation, view: View, path: Mapping[str, str]) -> Answer:
    try:
        mailbox, grant = bearer_of(state, request.headers.get("Authorization", ""))
        if operation.scopes.isdisjoint(grant.scopes):
            raise denied()
        with state.throttle.place(mailbox.id, state.switches):
            call = _call(state, mailbox)
            answer = view(call, **path)
            state.pause(state.switches.answer_delay)
    except GraphError as error:
        return error.answer(state.now())
    applied = {"Preference-Applied": call.prefers.applied} if call.prefers.applied else {}
    return Answer(answer.status, answer.body, {**answer.headers, **applied})


def _call(state: MicrosoftState, mailbox: Mailbox) -> Call:
    site = state.public_url or request.host_url.rstrip("/")
    prefers = preferred(", ".join(request.headers.getlist("Prefer")))
    return Call(state, mailbox, request.args, request.get_data(), prefers, site + request.path)
