"""Answer families in their language: the contact's, else the one chosen in this browser, else the browser's own."""

from functools import lru_cache

from flask import Flask, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from webapp import i18n
from webapp.context import confab
from webapp.models import Contact

_COOKIE = "language"
_A_YEAR = 31_536_000
_OF_FAMILIES = frozenset({"parent", None})
"""Blueprints; an address that leads nowhere has none."""


def init_languages(app: Flask) -> None:
    app.before_request(_speak)
    app.teardown_request(lambda _error: i18n.speak("en"))


def speak_to(reader: Contact | None) -> None:
    """In the language that the contact chose, where they did; the request's stays otherwise."""
    if reader and reader.language:
        i18n.speak(reader.language)


def remember_in_browser(response: Response, chosen: str) -> None:
    """For the pages before sign-in, there and on the next visit."""
    response.set_cookie(
        _COOKIE, chosen, max_age=_A_YEAR, secure=confab().settings.is_https, httponly=True, samesite="Lax"
    )


def _speak() -> None:
    if request.blueprint in _OF_FAMILIES and request.endpoint != "static":
        chosen = i18n.first_known([request.cookies.get(_COOKIE, "")])
        i18n.speak(chosen or _of_browser(request.headers.get("Accept-Language", "")))


@lru_cache(256)
def _of_browser(accepted: str) -> str:
    """A crowd's browsers say much the same, and reading it takes as long as a query."""
    return i18n.first_known(parse_accept_header(accepted, LanguageAccept).values())
