"""Do the OAuth handshake with Google for one teacher's calendar account."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from webapp import faults
from webapp.config import Settings
from webapp.errors import ProviderError
from webapp.providers.base import Tokens
from webapp.providers.google.errors import INVALID_TOKEN, GoogleOAuthDialect, no_refresh_token
from webapp.providers.handshake import challenge, tokens_of
from webapp.providers.http import Answer, call, new_session

_LONGEST = 10 * 366 * 24 * 3600
_PLACE = "https://www.googleapis.com/auth/"
_NEEDED: dict[str, frozenset[str]] = {
    "openid": frozenset(),
    "email": frozenset({"userinfo.email"}),
    "calendar.events.owned": frozenset({"calendar", "calendar.events"}),
    "calendar.calendarlist.readonly": frozenset({"calendar", "calendar.readonly", "calendar.calendarlist"}),
    "calendar.freebusy": frozenset({"calendar", "calendar.readonly", "calendar.events.freebusy"}),
}
"""Each scope that our calls need, without the address it stands under, and the wider ones that would do as well."""


def google_grants(settings: Settings) -> "GoogleGrants":
    return GoogleGrants(
        http=new_session(),
        client=HTTPBasicAuth(settings.google_client_id, settings.google_client_secret),
        client_id=settings.google_client_id,
        consent_url=settings.google_consent_url,
        oauth_url=settings.google_oauth_url.rstrip("/"),
        redirect_uri=f"{settings.base_url}/oauth/google",
    )


class GoogleGrants:
    """Grants (providers/base.py), and `refresh`, which the client hands to its token store."""

    def __init__(
        self,
        *,
        http: requests.Session,
        client: HTTPBasicAuth,
        client_id: str,
        consent_url: str,
        oauth_url: str,
        redirect_uri: str,
    ) -> None:
        self._http = http
        self._client = client
        self._client_id = client_id
        self._consent_url = consent_url
        self._oauth_url = oauth_url
        self._redirect_uri = redirect_uri
        self._dialect = GoogleOAuthDialect()

    def authorize_url(self, *, state: str, verifier: str) -> str:
        """Offline and asked anew, or Google gives no refresh token to who has allowed it before."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(_written(name) for name in _NEEDED),
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "select_account consent",
        }
        return f"{self._consent_url}?{urlencode(query)}"

    def exchange(self, code: str, *, verifier: str) -> Tokens:
        """Raises ProviderError, with code "no_refresh_token" where access would end within the hour."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        answer = self._post("token", form, auth=self._client)
        if answer.object().get("access_token") and not answer.object().get("refresh_token"):
            raise no_refresh_token()
        return _with_end(tokens_of(answer), answer)

    def refresh(self, tokens: Tokens) -> Tokens:
        """A new access token; Google's refresh token stays the same."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        answer = self._post("token", form, auth=self._client)
        faults.point("token.refresh_sent")
        return _with_end(tokens_of(answer, former=tokens), answer, former=tokens)

    def missing_scopes(self, granted: str) -> list[str]:
        held = _names(granted)
        return [name for name, wider in _NEEDED.items() if name not in held and not wider & held]

    def extra_scopes(self, granted: str) -> list[str]:
        known = set(_NEEDED) | _NEEDED["email"]
        return sorted(_names(granted) - known)

    def revoke(self, tokens: Tokens) -> None:
        """By the refresh token, which ends its access tokens too; one that is dead already is fine."""
        try:
            self._post("revoke", {"token": tokens.refresh}, auth=_Nobody())
        except ProviderError as error:
            if error.code != INVALID_TOKEN:
                raise

    def _post(self, what: str, form: Mapping[str, str], *, auth: AuthBase) -> Answer:
        return call(self._http, "POST", f"{self._oauth_url}/{what}", dialect=self._dialect, auth=auth, form=form)


class _Nobody(AuthBase):
    """The token is its own proof. Said outright, so that no .netrc file on the machine can put its own words in."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _written(name: str) -> str:
    return f"{_PLACE}{name}" if "." in name else name


def _names(granted: str) -> set[str]:
    return {one.removeprefix(_PLACE) for one in granted.split()}


def _with_end(tokens: Tokens, answer: Answer, *, former: Tokens | None = None) -> Tokens:
    """A project in "testing" says when its refresh token dies: after seven days (FAILURES F37)."""
    seconds = answer.object().get("refresh_token_expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < _LONGEST:
        return replace(tokens, refresh_ends_at=former.refresh_ends_at if former else None)
    return replace(tokens, refresh_ends_at=answer.at + timedelta(seconds=seconds))
