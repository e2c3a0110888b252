"""Serve consent and tokens: /oauth/authorize, /oauth/token, /oauth/revoke."""

import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from ..answers import Answer, send
from ..consent import consent_page, sent_back
from .calls import perform
from .grants import ACCESS_LIFE, Asked, OAuthError, TokenPair, issue_code, redeem_code, refresh_pair, revoke_token
from .records import App, User
from .state import ZoomState
from .web import site


class ConsentRefused(Exception):
    """Shown on Zoom's own page: whoever asked cannot be trusted with a redirect."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def create_oauth(state: ZoomState) -> Blueprint:
    oauth = Blueprint("oauth", __name__, url_prefix="/oauth")

    @oauth.get("/authorize")
    def authorize() -> BaseResponse:
        return _logged(state, show_consent(state, request.args))

    @oauth.post("/authorize")
    def decide() -> BaseResponse:
        return _logged(state, settle_consent(state, request.form, request.form.getlist("scope")))

    @oauth.post("/token")
    def token() -> Response:
        return send(perform(state, "oauthToken", lambda: _answer_token(state)))

    @oauth.post("/revoke")
    def revoke() -> Response:
        return send(perform(state, "oauthRevoke", lambda: _answer_revoke(state)))

    return oauth


def _logged(state: ZoomState, response: BaseResponse) -> BaseResponse:
    state.log_call(request.method, request.path, "oauthAuthorize", response.status_code)
    return response


def show_consent(state: ZoomState, query: Mapping[str, str]) -> BaseResponse:
    try:
        asked = _read_asked(state, query)
    except ConsentRefused as refused:
        return consent_page("zoom/refused.html", 400, message=refused.message)
    problem = _protocol_problem(query)
    return sent_back(asked.redirect_uri, asked.state, error=problem) if problem else _consent_page(state, asked)


def settle_consent(state: ZoomState, form: Mapping[str, str], chosen: list[str]) -> BaseResponse:
    try:
        asked = _read_asked(state, form)
    except ConsentRefused as refused:
        return consent_page("zoom/refused.html", 400, message=refused.message)
    if form.get("decision") != "allow":
        return sent_back(asked.redirect_uri, asked.state, error="access_denied")
    user = state.users.get(form.get("user_id", ""))
    if user is None or not user.is_admin:
        name = user.name if user else "Nobody"
        return _consent_page(state, asked, problem=f"{name} is not an administrator of this account.", status=403)
    scopes = tuple(scope for scope in asked.app.scopes if scope in chosen)
    return sent_back(asked.redirect_uri, asked.state, code=issue_code(state, asked, user, scopes))


def _read_asked(state: ZoomState, query: Mapping[str, str]) -> Asked:
    app = state.apps.get(query.get("client_id", ""))
    if app is None:
        raise ConsentRefused("Invalid client_id: (4,702)")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        raise ConsentRefused(f"Invalid redirect: {redirect_uri} (4,700)")
    challenge = query.get("code_challenge", "")
    return Asked(app, redirect_uri, query.get("state"), challenge, query.get("code_challenge_method", "plain"))


def _protocol_problem(query: Mapping[str, str]) -> str | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    return None if query.get("code_challenge_method", "plain") in {"S256", "plain"} else "invalid_request"


def _consent_page(state: ZoomState, asked: Asked, *, problem: str | None = None, status: int = 200) -> Response:
    users = _candidates(state.all_users())
    return consent_page("zoom/consent.html", status, asked=asked, account=state.account, users=users, problem=problem)


def _candidates(users: list[User]) -> list[User]:
    """All who may consent, and one who may not."""
    others = [user for user in users if not user.is_admin and user.status == "active"]
    return [user for user in users if user.is_admin] + others[:1]


def _answer_token(state: ZoomState) -> Answer:
    try:
        pair = _token_pair(state, _client(state), request.form)
    except OAuthError as error:
        return _refusal(error)
    body = {
        "access_token": pair.access,
        "token_type": "bearer",
        "refresh_token": pair.refresh,
        "expires_in": int(ACCESS_LIFE),
        "scope": " ".join(pair.scopes),
        "api_url": site(state),
    }
    return Answer(200, body, {"Cache-Control": "no-store"})


def _token_pair(state: ZoomState, app: App, form: Mapping[str, str]) -> TokenPair:
    if request.args:
        raise OAuthError("Credentials in the address are refused.", "invalid_request")
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        return redeem_code(state, app, form)
    if grant_type == "refresh_token":
        return refresh_pair(state, app, form.get("refresh_token", ""))
    if not grant_type:
        raise OAuthError("Missing grant type.", "invalid_request")
    raise OAuthError("Grant type is not supported from token endpoint.", "unsupported_grant_type")


def _answer_revoke(state: ZoomState) -> Answer:
    try:
        revoke_token(state, _client(state), request.form.get("token", ""))
    except OAuthError as error:
        return _refusal(error)
    return Answer(200, {"status": "success"})


def _client(state: ZoomState) -> App:
    """The app whose id and secret the Basic header carries."""
    given = request.authorization
    app = state.apps.get(given.username or "") if given and given.type == "basic" else None
    secret = (given.password or "") if given else ""
    if app is None or not secrets.compare_digest(secret.encode(), app.secret.encode()):
        raise OAuthError("Invalid client_id or client_secret", "invalid_client", status=401)
    return app


def _refusal(error: OAuthError) -> Answer:
    return Answer(error.status, {"reason": error.reason, "error": error.error}, {"Cache-Control": "no-store"})
