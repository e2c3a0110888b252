"""Be Flask without what it would find out anew for each request, though it is the same for all."""

from collections.abc import Callable, MutableMapping
from functools import cache
from types import FunctionType
from typing import Any

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.templating import Environment
from itsdangerous import URLSafeTimedSerializer
from jinja2.runtime import Context, Macro

_FUNCTIONS = frozenset({FunctionType, type(cache(int))})
_OF_MACROS: Any = Macro.__call__.jinja_pass_arg  # type: ignore[attr-defined]  # Jinja's mark: whether to escape


class Sessions(SecureCookieSessionInterface):
    """Signed cookies, each written when something in it changed."""

    _serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._serializer is None:
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """That pages vary by their cookies, `rendering` says of each."""
        if session.modified:
            super().save_session(app, session, response)


class Names(Context):
    """Calls functions and macros without looking, at each call and three times, for what they want to be given: a page
    has sixty calls."""

    def call(self, known: Any, /, *args: Any, **values: Any) -> Any:
        if type(known) is Macro:
            wants = _OF_MACROS
        elif type(known) in _FUNCTIONS:
            wants = getattr(known, "jinja_pass_arg", None)
        else:
            return super().call(known, *args, **values)
        if wants is not None and wants is not _OF_MACROS:
            return super().call(known, *args, **values)
        values.pop("_block_vars", None)
        values.pop("_loop_vars", None)
        return known(self.eval_ctx, *args, **values) if wants else known(*args, **values)


class Templates(Environment):
    """Each with the globals that were there when it was first wanted: a plain map, where Jinja goes through two of them
    for each name, in each page and again in each part of it."""

    context_class = Names

    def make_globals(self, d: MutableMapping[str, Any] | None) -> dict[str, Any]:
        return {**self.globals, **(d or {})}


class Application(Flask):
    jinja_environment = Templates

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.session_interface = Sessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view or hook of ours is a coroutine."""
        return func
