"""Be Flask without what it would find out anew for each request, though it is the same for all."""

from collections.abc import Callable, MutableMapping
from functools import cache
from types import FunctionType
from typing import Any

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.templating import Environment
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer
from jinja2.runtime import Context, Macro

_FUNCTIONS = frozenset({FunctionType, type(cache(int))})
_OF_MACROS: Any = Macro.__call__.jinja_pass_arg  # type: ignore[attr-defined]  # Jinja's mark: whether to escape


class Stamps(TimestampSigner):
    """One of the future is not too old: another machine's clock may be ahead by a second, and a clock be set back
    (OPS-014). That it is ours, the signature says."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        value, made = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - int(made.timestamp())
        if max_age is not None and age > max_age:
            raise SignatureExpired(f"Signature age {age} > {max_age} seconds", payload=value, date_signed=made)
        return (value, made) if return_timestamp else value


class Sessions(SecureCookieSessionInterface):
    """Signed cookies, each written when something in it changed."""

    _serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._serializer is None and (made := super().get_signing_serializer(app)):
            made.signer = Stamps
            self._serializer = made
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
