"""Do the OAuth handshake with Zoom for an account-level (admin managed) app."""

from collections.abc import Mapping
from urllib.parse import urlencode

import requests
from requests.auth import HTTPBasicAuth

from webapp import faults
from webapp.config import Settings
from webapp.providers.base import Tokens
from webapp.providers.handshake import challenge, tokens_of
from webapp.providers.http import Answer, call, new_session
from webapp.providers.zoom.errors import ZoomOAuthDialect

_NEEDED: dict[str, frozenset[str]] = {
    "user:read:list_users:admin": frozenset({"user:read:admin", "user:write:admin"}),
    "user:read:user:admin": frozenset({"user:read:admin", "user:write:admin"}),
    "user:read:settings:admin": frozenset({"user:read:admin", "user:write:admin"}),
    "meeting:write:meeting:admin": frozenset({"meeting:write:admin"}),
    "meeting:update:meeting:admin": frozenset({"meeting:write:admin"}),
    "meeting:delete:meeting:admin": frozenset({"meeting:write:admin"}),
    "meeting:read:meeting:admin": frozenset({"meeting:read:admin"}),
    "meeting:read:list_meetings:admin": frozenset({"meeting:read:admin"}),
}
"""Each scope that our calls need, by its granular name, and the classic ones that older apps have instead."""


def zoom_grants(settings: Settings) -> "ZoomGrants":
    return ZoomGrants(
        http=new_session(),
        client=HTTPBasicAuth(settings.zoom_client_id, settings.zoom_client_secret),
        client_id=settings.zoom_client_id,
        oauth_url=settings.zoom_oauth_url.rstrip("/"),
        redirect_uri=f"{settings.base_url.rstrip('/')}/zoom/callback",
    )


class ZoomGrants:
    """Grants (providers/base.py), and `refresh`, which the client hands to its token store."""

    def __init__(
        self, *, http: requests.Session, client: HTTPBasicAuth, client_id: str, oauth_url: str, redirect_uri: str
    ) -> None:
        self._http = http
        self._client = client
        self._client_id = client_id
        self._oauth_url = oauth_url
        self._redirect_uri = redirect_uri
        self._dialect = ZoomOAuthDialect()

    def authorize_url(self, *, state: str, verifier: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._oauth_url}/oauth/authorize?{urlencode(query)}"

    def exchange(self, code: str, *, verifier: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        return tokens_of(self._post("token", form))

    def refresh(self, tokens: Tokens) -> Tokens:
        """The next pair: Zoom voids the old refresh token with this call."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        answer = self._post("token", form)
        faults.point("token.refresh_sent")
        return tokens_of(answer, former=tokens)

    def missing_scopes(self, granted: str) -> list[str]:
        held = set(granted.replace(",", " ").split())
        return [name for name, classic in _NEEDED.items() if name not in held and not classic & held]

    def extra_scopes(self, granted: str) -> list[str]:
        """Zoom grants what the app's own page in the Marketplace lists; nothing is asked for by name (OAUTH-030)."""
        return sorted(set(granted.replace(",", " ").split()) - set(_NEEDED) - frozenset().union(*_NEEDED.values()))

    def revoke(self, tokens: Tokens) -> None:
        self._post("revoke", {"token": tokens.access})

    def _post(self, what: str, form: Mapping[str, str]) -> Answer:
        url = f"{self._oauth_url}/oauth/{what}"
        return call(self._http, "POST", url, dialect=self._dialect, auth=self._client, form=form)
