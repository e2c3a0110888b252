"""Let each call of the API pass the same gates: latency, planned faults, token, scope and rate, the work, the log."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from ..answers import Answer
from ..planned import PlannedAnswer
from .answers import GoogleError, limited
from .faults import refusal
from .fields import chosen
from .grants import bearer_of
from .records import Account
from .scopes import Method, short
from .state import GoogleState


@dataclass(frozen=True)
class Call:
    """One authorised call: who granted it, by which scopes, and what it says."""

    state: GoogleState
    account: Account
    scopes: frozenset[str]
    now: float
    query: "MultiDict[str, str]"
    body: bytes
    site: str

    @cached_property
    def content(self) -> dict[str, Any]:
        """Raises GoogleError 400 unless the body is a JSON object."""
        try:
            content = json.loads(self.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise GoogleError(400, "parseError", "Parse Error")
        return content

    def is_on(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"


def perform(state: GoogleState, operation: str, work: Callable[[], Answer]) -> Answer:
    def refused(plan: PlannedAnswer) -> Answer:
        return refusal(plan, state.switches.retry_after)

    return state.perform(request.method, request.path, operation, work, refused)


def authorised(state: GoogleState, method: Method, view: Callable[..., Answer], path: Mapping[str, str]) -> Answer:
    try:
        account, grant = bearer_of(state, request.headers.get("Authorization", ""))
        scopes = frozenset(map(short, grant.scopes))
        _check_scope(method, scopes)
        _check_rate(state, account)
        answer = view(Call(state, account, scopes, state.now(), request.args, request.get_data(), site(state)), **path)
        body = chosen(answer.body, request.args.get("fields", ""))
    except GoogleError as error:
        return error.answer
    return replace(answer, body=body)


def site(state: GoogleState) -> str:
    """The stand-in's own address without a slash at the end, the same in all links that it gives."""
    return state.public_url or request.host_url.rstrip("/")


def _check_scope(method: Method, held: frozenset[str]) -> None:
    if not method.is_open_to(held):
        raise GoogleError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")


def _check_rate(state: GoogleState, account: Account) -> None:
    switches, now = state.switches, state.now()
    for name, limit, kind in (
        (account.id, switches.user_limit, "user"),
        ("project", switches.project_limit, "project"),
    ):
        if not state.rates.admits(name, limit, now):
            raise limited("429" if switches.limit_status == 429 else kind, switches.retry_after)
