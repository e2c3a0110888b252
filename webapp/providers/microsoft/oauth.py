"""Do the OAuth handshake with Microsoft's v2.0 endpoint for a teacher's own account, of work, school or home."""

from collections.abc import Mapping
from urllib.parse import urlencode

import requests

from webapp import faults
from webapp.config import Settings
from webapp.providers.base import Tokens
from webapp.providers.handshake import challenge, tokens_of
from webapp.providers.http import Answer, Nobody, call, new_session
from webapp.providers.microsoft.errors import NOT_LASTING, SignInDialect
from webapp.providers.refusals import as_error

_NEEDED = ("User.Read", "Calendars.ReadWrite")
_LASTING = "offline_access"
"""Not always among the scopes that are told: whether it was granted shows by the refresh token."""
ASKED = " ".join((_LASTING, *_NEEDED))
_OF_SIGNING_IN = frozenset({_LASTING, "openid", "profile", "email"})
_GRAPH = "https://graph.microsoft.com/"


def microsoft_grants(settings: Settings) -> "MicrosoftGrants":
    return MicrosoftGrants(
        http=new_session(),
        client_id=settings.microsoft_client_id,
        client_secret=settings.microsoft_client_secret,
        oauth_url=settings.microsoft_oauth_url.rstrip("/"),
        redirect_uri=f"{settings.base_url.rstrip('/')}/oauth/microsoft",
    )


class MicrosoftGrants:
    """A Grants (providers/base.py)."""

    def __init__(
        self, *, http: requests.Session, client_id: str, client_secret: str, oauth_url: str, redirect_uri: str
    ) -> None:
        self._http = http
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._oauth_url = oauth_url
        self._redirect_uri = redirect_uri
        self._dialect = SignInDialect()

    def authorize_url(self, *, state: str, verifier: str) -> str:
        """The account is chosen there each time: a browser may be signed in with another one than is meant."""
        query = {
            "client_id": self._client["client_id"],
            "response_type": "code",
            "response_mode": "query",
            "redirect_uri": self._redirect_uri,
            "scope": ASKED,
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "prompt": "select_account",
        }
        return f"{self._oauth_url}/authorize?{urlencode(query)}"

    def exchange(self, code: str, *, verifier: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        answer = self._token(form)
        if "refresh_token" not in answer.object():
            raise as_error(NOT_LASTING, "no refresh_token")
        return tokens_of(answer)

    def refresh(self, tokens: Tokens) -> Tokens:
        """The next pair. The old refresh token serves on for a while, so that a lost answer does no harm."""
        answer = self._token({"grant_type": "refresh_token", "refresh_token": tokens.refresh, "scope": ASKED})
        faults.point("token.refresh_sent")
        return tokens_of(answer, former=tokens)

    def missing_scopes(self, granted: str) -> list[str]:
        return missing_scopes(granted)

    def extra_scopes(self, granted: str) -> list[str]:
        """Those of signing in come along unasked."""
        known = {name.casefold() for name in (*_NEEDED, *_OF_SIGNING_IN)}
        return sorted({name for name in _names(granted) if name.casefold() not in known})

    def revoke(self, tokens: Tokens) -> None:
        """Microsoft has no such call: tokens that are forgotten die of age, and their owner can remove the app."""

    def _token(self, form: Mapping[str, str]) -> Answer:
        url = f"{self._oauth_url}/token"
        return call(self._http, "POST", url, dialect=self._dialect, auth=Nobody(), form={**self._client, **form})


def missing_scopes(granted: str) -> list[str]:
    held = {name.casefold() for name in _names(granted)}
    return [name for name in _NEEDED if name.casefold() not in held]


def _names(granted: str) -> list[str]:
    """Graph's scopes come with or without its address before them."""
    return [name.removeprefix(_GRAPH) for name in granted.split()]
