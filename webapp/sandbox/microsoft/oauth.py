"""Serve consent and tokens as Microsoft's v2.0 endpoint does; there is no address that revokes."""

import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from ..answers import Answer, send
from ..consent import consent_page, sent_back
from .answers import SignInError
from .faults import refusal
from .grants import ACCESS_LIFE, Asked, TokenPair, issue_code, redeem_code, refresh_pair
from .records import App
from .state import MicrosoftState

_MAY_BE_ASKED = ("offline_access", "openid", "profile", "email", "User.Read", "Calendars.Read", "Calendars.ReadWrite")
_GRAPH = "https://graph.microsoft.com/"


class ConsentRefused(Exception):
    """Shown on Microsoft's own page: whoever asked cannot be trusted with a redirect."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def create_oauth(state: MicrosoftState) -> Blueprint:
    """Whatever the tenant in the address: `common`, `organizations` or a school's own."""
    oauth = Blueprint("oauth", __name__, url_prefix="/<tenant>/oauth2/v2.0")

    @oauth.get("/authorize")
    def authorize(tenant: str) -> BaseResponse:
        return _logged(state, show_consent(state, tenant, request.args))

    @oauth.post("/authorize")
    def decide(tenant: str) -> BaseResponse:
        return _logged(state, settle_consent(state, tenant, request.form, request.form.getlist("granted")))

    @oauth.post("/token")
    def token(tenant: str) -> Response:  # noqa: ARG001 - the app's tenants are not distinguished
        def word(planned: object) -> Answer:
            return refusal(planned, state.switches, state.now())  # type: ignore[arg-type]

        return send(state.perform("POST", request.path, "token", lambda: _answer_token(state), word))

    return oauth


def _logged(state: MicrosoftState, response: BaseResponse) -> BaseResponse:
    state.log_call(request.method, request.path, "authorize", response.status_code)
    return response


def show_consent(state: MicrosoftState, tenant: str, query: Mapping[str, str]) -> BaseResponse:
    try:
        asked = _read_asked(state, query)
    except ConsentRefused as refused:
        return consent_page("microsoft/refused.html", 400, message=refused.message)
    if query.get("response_type") != "code":
        return sent_back(
            asked.redirect_uri,
            asked.state,
            error="unsupported_response_type",
            error_description="AADSTS70005: Use code.",
        )
    return _consent_page(state, tenant, asked)


def settle_consent(state: MicrosoftState, tenant: str, form: Mapping[str, str], chosen: list[str]) -> BaseResponse:
    try:
        asked = _read_asked(state, form)
    except ConsentRefused as refused:
        return consent_page("microsoft/refused.html", 400, message=refused.message)
    if form.get("decision") != "allow":
        said = "AADSTS65004: User declined to consent to access the app."
        return sent_back(asked.redirect_uri, asked.state, error="access_denied", error_description=said)
    mailbox = state.mailboxes.get(form.get("mailbox_id", ""))
    if mailbox is None:
        return _consent_page(state, tenant, asked, problem="Pick an account.", status=422)
    scopes = tuple(scope for scope in asked.scopes if scope in chosen)
    return sent_back(asked.redirect_uri, asked.state, code=issue_code(state, asked, mailbox, scopes))


def _read_asked(state: MicrosoftState, query: Mapping[str, str]) -> Asked:
    app = state.apps.get(query.get("client_id", ""))
    if app is None:
        raise ConsentRefused("AADSTS700016: The application was not found in the directory.")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        raise ConsentRefused(f"AADSTS50011: The redirect URI {redirect_uri} does not match those of the application.")
    scopes = tuple(name.removeprefix(_GRAPH) for name in query.get("scope", "").split())
    if not scopes or not set(scopes) <= set(_MAY_BE_ASKED):
        raise ConsentRefused("AADSTS70011: The provided value for the input parameter 'scope' is not valid.")
    challenge, method = query.get("code_challenge", ""), query.get("code_challenge_method", "plain")
    return Asked(app, redirect_uri, query.get("state"), challenge, method, scopes)


def _consent_page(
    state: MicrosoftState, tenant: str, asked: Asked, *, problem: str | None = None, status: int = 200
) -> Response:
    mailboxes = list(state.mailboxes.values())
    return consent_page(
        "microsoft/consent.html", status, tenant=tenant, asked=asked, mailboxes=mailboxes, problem=problem
    )


def _answer_token(state: MicrosoftState) -> Answer:
    try:
        pair = _token_pair(state, request.form)
    except SignInError as error:
        return error.answer(state.now())
    told = [scope for scope in pair.scopes if scope != "offline_access"]
    body = {
        "token_type": "Bearer",
        "scope": " ".join([*told, "profile", "openid", "email"]),
        "expires_in": int(ACCESS_LIFE) - 1,
        "ext_expires_in": int(ACCESS_LIFE) - 1,
        "access_token": pair.access,
    }
    lasting = {"refresh_token": pair.refresh} if pair.refresh else {}
    return Answer(200, {**body, **lasting}, {"Cache-Control": "no-store, no-cache"})


def _token_pair(state: MicrosoftState, form: Mapping[str, str]) -> TokenPair:
    kind = form.get("grant_type")
    app = _client(state, form, is_refresh=kind == "refresh_token")
    if kind == "authorization_code":
        return redeem_code(state, app, form)
    if kind == "refresh_token":
        return refresh_pair(state, app, form.get("refresh_token", ""))
    raise SignInError(70003, "The app requested an unsupported grant type.", "unsupported_grant_type")


def _client(state: MicrosoftState, form: Mapping[str, str], *, is_refresh: bool) -> App:
    """The app whose id and secret the form carries."""
    app = state.apps.get(form.get("client_id", ""))
    if app is None:
        raise SignInError(700016, "The application was not found in the directory.", "unauthorized_client")
    if not secrets.compare_digest(form.get("client_secret", "").encode(), app.secret.encode()):
        said = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value."
        raise SignInError(7000215, said, "invalid_client", status=401)
    if state.switches.credentials in ({"expired", "expired for refreshing"} if is_refresh else {"expired"}):
        said = f"The provided client secret keys for app '{app.id}' are expired."
        raise SignInError(7000222, said, "invalid_client", status=401)
    return app
