"""Keep what the Zoom client and the stand-in said to each other on Betamax cassettes, and play it back without either.

The cassettes are recorded anew by

    CONFAB_RECORD=1 python -m pytest -n 0 tests/providers/test_cassettes.py

against the stand-in in `webapp/sandbox/zoom`, never against Zoom; each says so itself. What Betamax records with its
secrets goes to a passing folder; only what `scrubbed` is kept.
"""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from betamax import BaseMatcher, Betamax
from betamax.util import deserialize_prepared_request
from fakes import HeldTokens, make_tokens
from requests import PreparedRequest
from stages import ZoomStage

from webapp.config import Settings
from webapp.errors import ProviderError
from webapp.providers.base import Tokens
from webapp.providers.http import new_session
from webapp.providers.zoom import zoom_grants, zoom_meetings

CASSETTES = Path(__file__).parent / "cassettes"
IS_RECORDING = bool(os.environ.get("CONFAB_RECORD"))
AGAINST = "Confab's own stand-in of Zoom (webapp/sandbox/zoom), not Zoom"
SITE = "https://double.example"
"""In place of http://127.0.0.1:port and as long as that, as every placeholder is: answers say their own length."""

Scene = Mapping[str, str]
T = TypeVar("T")

_SECRET = re.compile(
    r"""(?P<name>(?:^|[?&"])(?:access_token|refresh_token|token|code|code_verifier|client_secret|zak|pwd
    |(?:\w+_)?password)(?:=|":\s*"))(?P<value>[^"&\s]+)""",
    re.VERBOSE,
)
_KEPT = {"authorization", "accept", "content-type", "content-length", "retry-after"}


class ZoomClient:
    """Our side of the wire as the application wires it, with the tokens that it holds."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self.tokens = tokens
        self.store = HeldTokens(tokens)
        self.grants = zoom_grants(settings)
        self.provider = zoom_meetings(settings)(self.store)


Exchange = Callable[[ZoomClient, Scene], T]


class Deck:
    """Plays one exchange from its cassette; when recording, it takes it down from the stand-in first."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request, self._folder = request, folder
        self.scene: Scene = {}
        self._monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")

    def play(self, name: str, exchange: Exchange[T], prepare: Callable[[ZoomStage], Scene] = lambda _: {}) -> T:
        """What the client makes of it. `prepare` sets the scene at the stand-in and tells what the exchange has to
        know of it, which the cassette keeps. Each request has to be one on the cassette, and all of them are asked."""
        if IS_RECORDING:
            self._record(name, exchange, prepare)
        self.scene = json.loads((CASSETTES / f"{name}.json").read_text())["scene"]
        with self._tape(name, CASSETTES, record="none") as tape:
            try:
                return exchange(ZoomClient(_settings(), make_tokens()), self.scene)
            finally:
                left = [one.data["request"]["uri"] for one in tape.current_cassette.interactions if not one.used]
                assert left == [], "the client did not ask for this"

    def _record(self, name: str, exchange: Exchange[Any], prepare: Callable[[ZoomStage], Scene]) -> None:
        stage = ZoomStage(self._request.getfixturevalue("sandbox").zoom_url)
        scene = prepare(stage)
        with self._tape(name, self._folder, record="once"), suppress(ProviderError):
            exchange(ZoomClient(stage.settings, stage.store.tokens), scene)
        recorded = (self._folder / f"{name}.json").read_text()
        kept = scrubbed({"scene": json.loads(without_secrets(json.dumps(scene))), **json.loads(recorded)}, stage.url)
        (CASSETTES / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")

    def _tape(self, name: str, folder: Path, *, record: str) -> Betamax:
        session = new_session()
        for module in ("client", "oauth"):
            self._monkeypatch.setattr(f"webapp.providers.zoom.{module}.new_session", lambda: session)
        return Betamax(session, cassette_library_dir=str(folder)).use_cassette(
            name, record=record, match_requests_on=["method", "uri", "said"], preserve_exact_body_bytes=True
        )


def scrubbed(recorded: Any, site: str) -> dict[str, Any]:
    """A cassette that may be kept: readable, without secrets, and without what differs by machine and day."""
    for interaction in recorded["http_interactions"]:
        interaction["recorded_at"] = interaction["recorded_at"][:10] + "T00:00:00"
        for message in (interaction["request"], interaction["response"]):
            message["headers"] = {k: v for k, v in message["headers"].items() if _is_kept(k)}
            body = message["body"]
            body["string"] = without_secrets(base64.b64decode(body.pop("base64_string")).decode())
    assert len(site) == len(SITE), "its length would no longer be the one in Content-Length"
    text = re.sub(
        r'"(Bearer|Basic) ([^"]+)', lambda found: f'"{found[1]} {_placeholder(found[2])}', json.dumps(recorded)
    )
    return {"recorded_against": AGAINST, **json.loads(text.replace(site, SITE))}


def without_secrets(text: str) -> str:
    """A body or an address whose secrets are placeholders of the same length."""
    return _SECRET.sub(lambda found: found["name"] + _placeholder(found["value"]), text)


def _placeholder(secret: str) -> str:
    return "x" * len(secret)


def _is_kept(header: str) -> bool:
    return header.lower() in _KEPT or header.lower().startswith("x-ratelimit")


class SaidMatcher(BaseMatcher):
    """The same kind of authorization, and a body that says the same but for its secrets."""

    name = "said"

    def match(self, request: PreparedRequest, recorded_request: dict[str, Any]) -> bool:
        return _said(request) == _said(deserialize_prepared_request(recorded_request))


def _said(request: PreparedRequest) -> tuple[str, str, dict[str, Any]]:
    body: Any = request.body or ""
    # Ours is read by iterating, and begins anew when it was read to its end; the recorded one is a text.
    text = body if isinstance(body, str) else b"".join(body).decode()
    kind = str(request.headers.get("Content-Type", ""))
    hidden = _SECRET.sub(lambda found: found["name"] + "x", text)
    said = json.loads(hidden) if kind == "application/json" else dict(parse_qsl(hidden, strict_parsing=bool(hidden)))
    return str(request.headers["Authorization"]).split()[0], kind, said


def _settings() -> Settings:
    return Settings(
        secret_key="s" * 64,
        token_keys=("k" * 64,),
        zoom_client_id="our-client",
        zoom_client_secret="our-secret",
        zoom_oauth_url=SITE,
        zoom_api_url=f"{SITE}/v2",
        zoom_link_hosts=(urlsplit(SITE).netloc,),
    )


Betamax.register_request_matcher(SaidMatcher)
