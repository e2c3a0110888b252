"""Serve consent, tokens, and who it is that consented."""

import secrets
from collections.abc import Callable, Mapping

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from ..answers import Answer, send
from ..consent import consent_page, sent_back
from .answers import GoogleError
from .calls import perform
from .grants import (
    ACCESS_LIFE,
    Asked,
    Given,
    OAuthError,
    bearer_of,
    issue_code,
    redeem_code,
    refresh_access,
    revoke_token,
)
from .records import App
from .scopes import PLACE, WORDS, asked_scopes, is_for_sign_in
from .state import GoogleState

CONSENT = "/o/oauth2/v2/auth"
PERSON = "/v1/userinfo"
_NEVER_KEPT = {"Cache-Control": "no-store"}


class ConsentRefused(Exception):
    """Shown on Google's own page: whoever asked cannot be trusted with a redirect."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error, self.message = error, message


def create_oauth(state: GoogleState) -> Blueprint:
    oauth = Blueprint("oauth", __name__)

    @oauth.get(CONSENT)
    def authorize() -> BaseResponse:
        return _logged(state, _show_consent(state, request.args))

    @oauth.post(CONSENT)
    def decide() -> BaseResponse:
        return _logged(state, _settle_consent(state, request.form, request.form.getlist("granted")))

    @oauth.post("/token")
    def token() -> Response:
        return send(perform(state, "token", lambda: _answered(lambda: _tokens(state))))

    @oauth.post("/revoke")
    def revoke() -> Response:
        return send(perform(state, "revoke", lambda: _answered(lambda: _revoked(state))))

    @oauth.get(PERSON)
    def person() -> Response:
        return send(perform(state, "userinfo", lambda: _person(state)))

    return oauth


def _logged(state: GoogleState, response: BaseResponse) -> BaseResponse:
    state.log_call(request.method, request.path, "authorize", response.status_code)
    return response


def _show_consent(state: GoogleState, query: Mapping[str, str]) -> BaseResponse:
    try:
        asked = _read_asked(state, query)
    except ConsentRefused as refused:
        return consent_page("google/refused.html", 400, refused=refused)
    wanted = [one for one in asked.scopes if not is_for_sign_in(one)]
    words = {one: WORDS.get(one.removeprefix(PLACE), one) for one in wanted}
    return consent_page(
        "google/consent.html", 200, asked=asked, query=query, words=words, accounts=state.all_accounts()
    )


def _settle_consent(state: GoogleState, form: Mapping[str, str], granted: list[str]) -> BaseResponse:
    try:
        asked = _read_asked(state, form)
    except ConsentRefused as refused:
        return consent_page("google/refused.html", 400, refused=refused)
    account = state.accounts.get(form.get("account_id", ""))
    if form.get("decision") != "allow" or account is None:
        return sent_back(asked.redirect_uri, asked.state, error="access_denied")
    scopes = tuple(one for one in asked.scopes if is_for_sign_in(one) or one in granted)
    return sent_back(
        asked.redirect_uri, asked.state, code=issue_code(state, asked, account, scopes), scope=" ".join(scopes)
    )


def _read_asked(state: GoogleState, query: Mapping[str, str]) -> Asked:
    app = state.apps.get(query.get("client_id", ""))
    if app is None:
        raise ConsentRefused("invalid_client", "The OAuth client was not found.")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        raise ConsentRefused("redirect_uri_mismatch", f"{redirect_uri} is not registered for this client.")
    if query.get("response_type") != "code" or not query.get("scope"):
        raise ConsentRefused("invalid_request", "Missing required parameter: response_type or scope")
    return Asked(
        app=app,
        redirect_uri=redirect_uri,
        state=query.get("state"),
        scopes=asked_scopes(query["scope"]),
        challenge=query.get("code_challenge", ""),
        method=query.get("code_challenge_method", "plain"),
        access_type=query.get("access_type", "online"),
        prompt=query.get("prompt", ""),
    )


def _answered(work: Callable[[], dict[str, object]]) -> Answer:
    try:
        body = work()
    except OAuthError as error:
        return Answer(error.status, {"error": error.error, "error_description": error.said}, _NEVER_KEPT)
    return Answer(200, body, _NEVER_KEPT)


def _tokens(state: GoogleState) -> dict[str, object]:
    given = _given(state, _client(state), request.form)
    body: dict[str, object] = {"access_token": given.access, "expires_in": ACCESS_LIFE}
    if given.refresh:
        body["refresh_token"] = given.refresh
    body |= {"scope": " ".join(given.scopes), "token_type": "Bearer"}
    return body if given.lasts is None else {**body, "refresh_token_expires_in": given.lasts}


def _given(state: GoogleState, app: App, form: Mapping[str, str]) -> Given:
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        return redeem_code(state, app, form)
    if grant_type == "refresh_token":
        return refresh_access(state, app, form.get("refresh_token", ""))
    raise OAuthError(f"Invalid grant_type: {grant_type}", "unsupported_grant_type")


def _revoked(state: GoogleState) -> dict[str, object]:
    """The token is its own proof: no client has to say who it is."""
    revoke_token(state, request.form.get("token", ""))
    return {}


def _client(state: GoogleState) -> App:
    """The app whose id and secret the Basic header or the form carries."""
    given = request.authorization
    is_basic = given is not None and given.type == "basic"
    name = (given.username if given and is_basic else request.form.get("client_id")) or ""
    secret = (given.password if given and is_basic else request.form.get("client_secret")) or ""
    app = state.apps.get(name)
    if app is None or not secrets.compare_digest(secret.encode(), app.secret.encode()):
        raise OAuthError("The OAuth client was not found.", "invalid_client", status=401)
    return app


def _person(state: GoogleState) -> Answer:
    """Who consented; the name only where the profile was asked for."""
    try:
        account, grant = bearer_of(state, request.headers.get("Authorization", ""))
    except GoogleError:
        return Answer(401, {"error": "invalid_request", "error_description": "Invalid Credentials"})
    body: dict[str, object] = {"sub": account.id}
    if f"{PLACE}userinfo.email" in grant.scopes:
        body |= {"email": account.email, "email_verified": True}
    return Answer(body={**body, "name": account.name} if f"{PLACE}userinfo.profile" in grant.scopes else body)
