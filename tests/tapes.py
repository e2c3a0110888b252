"""Keep what a client and its stand-in said to each other on Betamax cassettes, and play it back without either.

The cassettes are recorded anew by

    CONFAB_RECORD=1 python -m pytest -n 0 tests/providers/test_cassettes*.py

against the stand-ins in `webapp/sandbox`, never against the service itself; each says so. What Betamax records with its
secrets goes to a passing folder; only what `scrubbed` is kept.
"""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
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
SITE = "https://double.example"
"""In place of http://127.0.0.1:port and as long as that, as every placeholder is: answers say their own length."""

Scene = Mapping[str, str]
T = TypeVar("T")

_SECRET = re.compile(
    r"""(?P<name>(?:^|[?&"])(?:(?:access_token|refresh_token|token|code_verifier|client_secret|client_id|zak|pwd
    |(?:\w+_)?password)(?:=|":\s*")|code(?:=|":\s*"(?![A-Za-z]+"))))(?P<value>[^"&\s]+)""",
    re.VERBOSE,
)
"""A code that is a word, in JSON, is one of an error."""
_KEPT = {"authorization", "accept", "content-type", "content-length", "retry-after", "prefer"}


class ZoomClient:
    """Our side of the wire as the application wires it, with the tokens that it holds."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self.tokens = tokens
        self.store = HeldTokens(tokens)
        self.grants = zoom_grants(settings)
        self.provider = zoom_meetings(settings)(self.store)


@dataclass(frozen=True)
class Vendor:
    """Whose exchanges stand on the cassettes of a `folder` ("" is the one of all cassettes).

    `stage` sets the scene at the stand-in, whose address `RunningSandbox` has under `url`; `client` is our side."""

    name: str
    package: str
    folder: str
    url: str
    stage: Callable[[str], Any]
    client: Callable[[Settings, Tokens], Any]
    settings: Mapping[str, Any]
    tidy: Callable[[str], str] = str  # what else differs each time, replaced by as many letters

    @property
    def cassettes(self) -> Path:
        return CASSETTES / self.folder

    @property
    def against(self) -> str:
        return f"Confab's own stand-in of {self.name} (webapp/sandbox/{self.package}), not {self.name}"


class Deck:
    """Plays one exchange from its cassette; when recording, it takes it down from the stand-in first."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path, vendor: Vendor) -> None:
        self._request, self._folder, self._vendor = request, folder, vendor
        self.scene: Scene = {}
        self._monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")

    def play(self, name: str, exchange: Callable[[Any, Scene], T], prepare: Callable[[Any], Scene] = lambda _: {}) -> T:
        """What the client makes of it. `prepare` sets the scene at the stand-in and tells what the exchange has to
        know of it, which the cassette keeps. Each request has to be one on the cassette, and all of them are asked."""
        if IS_RECORDING:
            self._record(name, exchange, prepare)
        self.scene = json.loads((self._vendor.cassettes / f"{name}.json").read_text())["scene"]
        here = {"base_url": "http://127.0.0.1:5000"}  # where it was recorded
        settings = Settings(secret_key="s" * 64, token_keys=("k" * 64,), **here | self._vendor.settings)
        with self._tape(name, self._vendor.cassettes, record="none") as tape:
            try:
                return exchange(self._vendor.client(settings, make_tokens()), self.scene)
            finally:
                left = [one.data["request"]["uri"] for one in tape.current_cassette.interactions if not one.used]
                assert left == [], "the client did not ask for this"

    def _record(self, name: str, exchange: Callable[[Any, Scene], Any], prepare: Callable[[Any], Scene]) -> None:
        stage = self._vendor.stage(getattr(self._request.getfixturevalue("sandbox"), self._vendor.url))
        scene = prepare(stage)
        with self._tape(name, self._folder, record="once"), suppress(ProviderError):
            exchange(self._vendor.client(stage.settings, stage.store.tokens), scene)
        recorded = (self._folder / f"{name}.json").read_text()
        told = {"scene": json.loads(without_secrets(json.dumps(scene))), **json.loads(recorded)}
        kept = {"recorded_against": self._vendor.against, **scrubbed(told, stage.url, self._vendor.tidy)}
        self._vendor.cassettes.mkdir(exist_ok=True)
        (self._vendor.cassettes / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")

    def _tape(self, name: str, folder: Path, *, record: str) -> Betamax:
        session = new_session()
        for module in ("client", "oauth"):
            self._monkeypatch.setattr(f"webapp.providers.{self._vendor.package}.{module}.new_session", lambda: session)
        return Betamax(session, cassette_library_dir=str(folder)).use_cassette(
            name, record=record, match_requests_on=["method", "uri", "said"], preserve_exact_body_bytes=True
        )


def scrubbed(recorded: Any, site: str, tidy: Callable[[str], str]) -> dict[str, Any]:
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
    kept: dict[str, Any] = json.loads(tidy(text.replace(site, SITE)))
    return kept


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
    # Microsoft's token endpoint takes the client's secret in the form.
    return str(request.headers.get("Authorization", "none")).split()[0], kind, said


ZOOM = Vendor(
    name="Zoom",
    package="zoom",
    folder="",
    url="zoom_url",
    stage=ZoomStage,
    client=ZoomClient,
    settings={
        "zoom_client_id": "our-client",
        "zoom_client_secret": "our-secret",
        "zoom_oauth_url": SITE,
        "zoom_api_url": f"{SITE}/v2",
        "zoom_link_hosts": (urlsplit(SITE).netloc,),
    },
)


Betamax.register_request_matcher(SaidMatcher)
