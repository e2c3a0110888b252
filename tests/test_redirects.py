"""A link may ask for one of our own pages to go on to, and for nothing else (RELIABILITY D9)."""

import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from app import fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from fakes import FakeMailer, FakeMeetings
from flask import Flask, redirect
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from webapp.redirects import local_path

HERE = "https://confab.example"
HOSTILE = [
    "https://evil.example",
    "http://evil.example/sign-in",
    "//evil.example",
    "///evil.example",
    "////evil.example/schools",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%0D/evil.example",
    "/%00/evil.example",
    "/%09/evil.example/",
    "/%5c/evil.example/",
    "/linden/fall/?a=%0d%0aSet-Cookie:x",
    "/linden/fall/times?pick=%00",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    " /schools",
    "/schools\n",
    "/schools\r\nLocation: https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "/schools@evil.example",
    "@evil.example",
    "/schools#https://evil.example",
    "/schools;evil",
    "/schools?a=<script>",
    "/schools?next='",
    "schools",
    ".",
    "..",
    "/../schools",
    "/./schools",
    "/s/../schools",
    "/%2e%2e/schools",
    "/no-such-page",
    "/sign-out",
    "/s/linden/zoom/disconnect",
    "/linden/fall/book",
    "/ſchools",
    "/schools\u2028",
    "/schools\u200b",
    "",
    "/" + "a" * 5000,
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """No database is asked: which pages there are is known without one."""
    nowhere: Path = tmp_path_factory.mktemp("redirects") / "none.db"
    settings = settings_of(f"sqlite:///{nowhere}", KEY, base_url=HERE)
    return make_app(settings, fake_providers(FakeMeetings(), FakeMailer()))


def asked(app: Flask, target: str | None) -> str | None:
    with app.test_request_context(base_url=HERE):
        return local_path(target)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/schools",
        "/sign-in",
        "/s/linden/events",
        "/s/linden/e/7/?day=2026-12-03",
        "/linden/fall/times?pick=a.b.c&pick=d",
        "/linden/fall/check?pick=a%20b",
        "/linden/fall/teachers?q=Anna+Smith&pick=a.b",
    ],
)
def test_a_page_of_ours_is_gone_on_to_with_what_it_was_asked(app: Flask, target: str) -> None:
    assert asked(app, target) == target


@pytest.mark.parametrize("target", [None, *HOSTILE])
def test_anything_else_leads_to_the_usual_page(app: Flask, target: str | None) -> None:
    """URL-005 to URL-010, RELIABILITY T18"""
    assert asked(app, target) is None


def test_a_page_is_rebuilt_from_its_parts(app: Flask) -> None:
    assert asked(app, "/%2f%2fevil.example/fall/") == "/%252f%252fevil.example/fall/"


def as_a_browser_reads(location: str) -> str:
    """The host that a browser goes to: it drops tabs and line breaks and takes a backslash for a slash."""
    plain = re.sub(r"[\t\r\n]", "", location).strip("".join(map(chr, range(33)))).replace("\\", "/")
    scheme, colon, rest = plain.partition(":")
    if colon and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return rest.lstrip("/").partition("/")[0] if scheme.lower() in {"http", "https"} else scheme
    return plain.lstrip("/").partition("/")[0] if plain.startswith("//") else urlsplit(HERE).netloc


parts = st.sampled_from(
    [*"/\\%.:@?#&=; \t\n\r\0", "//", "%2f", "%5c", "%09", "%00", "https:", "evil.example", "schools", "sign-in", "s"]
)


@effort(max_examples=300, deadline=None)
@given(target=st.one_of(st.lists(parts, max_size=8).map("".join), st.lists(parts, max_size=6).map("/".join), st.text()))
@example("/schools?https://evil.example")
@example("/?//evil.example")
def test_whatever_is_asked_for_nobody_is_sent_away(app: Flask, target: str) -> None:
    with app.test_request_context(base_url=HERE):
        path = local_path(target)
        location = redirect(path or "/schools").headers["Location"]

    assert path is None or path.startswith("/")
    assert urlsplit(urljoin(HERE, location)).netloc == urlsplit(HERE).netloc
    assert as_a_browser_reads(location) == urlsplit(HERE).netloc
    assert not set(location) & set("\\\r\n\t\0")
