"""Refuse unsafe requests that did not come from our own pages, and sign the keys that let a form act once."""

import hmac
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

from webapp.application import Stamps
from webapp.context import confab
from webapp.errors import N_, DomainError, Invalid
from webapp.services.people.codes import Asker

View = TypeVar("View", bound=Callable[..., Any])

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KEYS_LAST = 14 * 24 * 3600
"""Seconds; shorter than used keys are remembered (jobs/housekeeping.py), so that none can act twice."""


class CrossSite(DomainError):
    message = N_("This form came from elsewhere or is too old. Reload the page and send it again.")
    status = 403


def checks_its_own_origin(view: View) -> View:
    """For a view that no browser sends to, and that knows by a signature who does."""
    view.checks_its_own_origin = True  # type: ignore[attr-defined]  # read by _check
    return view


def init_csrf(app: Flask) -> None:
    app.before_request(_check)
    app.jinja_env.globals.update(csrf_value=csrf_value, new_key=new_key)


def csrf_value() -> str:
    """The value that every unsafe request of this browser carries."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(16)
    value: str = session["csrf"]
    return value


def asker() -> Asker:
    """Of whoever asks for a code or types one: the value is their browser's alone, and every form of it carried it."""
    return Asker(request.remote_addr or "", csrf_value())


def new_key() -> str:
    """A signed random key for a form that may act once (RELIABILITY D2)."""
    return _signer().dumps(secrets.token_urlsafe(16))


def request_key() -> str:
    """The key of the form that was sent. Raises Invalid where it is missing or not ours."""
    typed = request.form.get("key", "")
    try:
        _signer().loads(typed, max_age=_KEYS_LAST)
    except BadSignature as error:
        raise Invalid(N_("This form is too old. Reload the page and send it again.")) from error
    return typed


def _signer() -> URLSafeTimedSerializer:
    """Signs with the newest key; forms of former ones are still out there after a new one was set."""
    settings = confab().settings
    return _signer_of((*settings.secret_key_fallbacks, settings.secret_key))


@cache
def _signer_of(keys: tuple[str, ...]) -> URLSafeTimedSerializer:
    """The last key is the newest."""
    return URLSafeTimedSerializer(list(keys), salt="request key", signer=Stamps)


def _check() -> None:
    if request.method in _SAFE or getattr(_view(), "checks_its_own_origin", False):
        return
    if not _is_our_page():
        raise CrossSite
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not hmac.compare_digest(sent.encode(), csrf_value().encode()):
        raise CrossSite


def _is_our_page() -> bool:
    """`Sec-Fetch-Site`, else `Origin`; with neither, the session-bound value alone decides."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in {"same-origin", "none"}
    if origin := request.headers.get("Origin"):
        return origin.partition("://")[2] in {request.host, urlsplit(confab().settings.base_url).netloc}
    return True


def _view() -> object:
    return current_app.view_functions.get(request.endpoint or "")
