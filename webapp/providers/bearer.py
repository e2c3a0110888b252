"""Call with the access token of a grant, renew it once where the service refuses it, and note how the grant does."""

import math
import time
from collections.abc import Callable
from typing import Any

import requests
from requests.auth import AuthBase

from webapp import clock
from webapp.errors import N_, ProviderError
from webapp.providers.base import Tokens, TokenStore
from webapp.providers.http import Answer, Dialect, call

TOKEN = "token"  # noqa: S105 - a code, and no token
"""The code with which a Dialect says that the access token was refused, so that nothing was done."""


class BearerCalls:
    """The calls of one grant. Raises ProviderError; `by` as in providers/base.py."""

    def __init__(
        self, store: TokenStore, *, http: requests.Session, dialect: Dialect, renew: Callable[[Tokens], Tokens]
    ) -> None:
        self._store = store
        self._http = http
        self._dialect = dialect
        self._renew = renew

    def call(self, method: str, url: str, *, by: float = math.inf, **content: Any) -> Answer:
        try:
            answer = self._answered(method, url, by, content)
        except ProviderError as error:
            self._store.note_problem(error)
            raise
        self._store.note_success(provider_time=answer.provider_time)
        return answer

    def _answered(self, method: str, url: str, by: float, content: dict[str, Any]) -> Answer:
        tokens = self._fresh()
        try:
            return self._send(method, url, tokens, by, content)
        except ProviderError as error:
            if error.code != TOKEN:
                raise
        return self._send(method, url, self._renewed(tokens), by, content)

    def _fresh(self) -> Tokens:
        tokens = self._store.current()
        return self._renewed(tokens) if tokens.is_stale(clock.now()) else tokens

    def _renewed(self, tokens: Tokens) -> Tokens:
        """Whatever became of the renewal, the call that waited for it was not begun."""
        try:
            return self._store.renewed(self._renew, rejected=tokens.access)
        except ProviderError as error:
            error.arrived = False
            raise

    def _send(self, method: str, url: str, tokens: Tokens, by: float, content: dict[str, Any]) -> Answer:
        if time.monotonic() > by:
            raise ProviderError(N_("Renewing the connection took long. It goes on by itself."), retry=True, code="late")
        return call(self._http, method, url, dialect=self._dialect, auth=Bearer(tokens.access), **content)


class Bearer(AuthBase):
    """Said as `auth`, so that no .netrc file on the machine can put its own words in place of the token."""

    def __init__(self, access: str) -> None:
        self._access = access

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._access}"
        return request
