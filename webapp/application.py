"""Be Flask without what it would find out anew for each request, though it is the same for all."""

from collections.abc import Callable, MutableMapping
from typing import Any

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.templating import Environment
from itsdangerous import URLSafeTimedSerializer


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


class Templates(Environment):
    """Each with the globals that were there when it was first wanted: a plain map, where Jinja goes through two of them
    for each name, in each page and again in each part of it."""

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
