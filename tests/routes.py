"""Read the map of addresses: which there are, who may ask for each, and what an answer has to be like."""

import re
from typing import Any

import pytest
from app import Browser, fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from werkzeug.routing import Rule

from webapp.auth import Access
from webapp.config import Settings
from webapp.providers.base import Providers
from webapp.rendering import CONTENT_SECURITY_POLICY

SAFE = {"GET", "HEAD", "OPTIONS"}
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|<[^>]+\s(?:style|on[a-z]+|hx-on[^=\s]*)=", re.IGNORECASE)


def settings() -> Settings:
    """Of an application that is only looked at: its database is never opened."""
    return settings_of("sqlite:///never-opened.db", KEY)


def providers() -> Providers:
    return fake_providers(FakeMeetings(), FakeMailer())


_app: Flask = make_app(settings(), providers())
RULES = sorted(_app.url_map.iter_rules(), key=str)
ACCESS: dict[str, Access] = {
    endpoint: getattr(view, "access")  # noqa: B009 - the decorator gave it, mypy does not know
    for endpoint, view in _app.view_functions.items()
    if endpoint != "static"
}


AS_ONESELF = {endpoint for endpoint, view in _app.view_functions.items() if getattr(view, "as_oneself", False)}
"""What nobody may do, or see, while logged in as a teacher."""


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def name(rule: Rule) -> str:
    return f"{methods(rule)[0]} {rule}"


def of_kind(*kinds: str) -> list[Rule]:
    return [rule for rule in RULES if rule.endpoint != "static" and ACCESS[rule.endpoint].kind in kinds]


def each(rules: list[Rule]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rule", rules, ids=name)


def ask(browser: Browser, rule: Rule, address: str, *, htmx: bool = False, **data: Any) -> Any:
    """As our own page would, by the rule's own method; whatever comes back has to be fit to be sent."""
    if "GET" in methods(rule):
        answer = browser.htmx(address) if htmx else browser.get(address, query_string=data or None)
    else:
        answer = browser.post(address, data, htmx=htmx)
    assert not unfit(answer), f"{name(rule)}: {unfit(answer)}"
    return answer


def unfit(answer: Any) -> str:
    """What is wrong with an answer, whichever it is; empty if nothing is."""
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if answer.headers["Content-Type"] == "image/png":
        return ""  # with a policy of its own (views/admin/test_school_settings.py)
    if missing := {key for key, value in HEADERS.items() if answer.headers.get(key) != value}:
        return f"without {missing}"
    if answer.headers["Cache-Control"] != "no-store, private" or "HX-Request" not in answer.headers["Vary"]:
        return "may be kept"
    if "html" in answer.headers["Content-Type"] and (found := INLINE.search(answer.text)):
        return f"inline {found[0]}"
    if answer.headers.get("Location", "/").startswith("//"):
        return "leads away"
    return ""
