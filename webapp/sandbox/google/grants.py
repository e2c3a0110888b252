"""Hand out codes and tokens as Google does: a code once, a refresh token only to who asks for it in the right way."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..pkce import proves
from .answers import GoogleError
from .records import Account, App, Code, Grant, Token
from .state import GoogleState

CODE_LIFE = 10 * 60.0
ACCESS_LIFE = 3599
TESTING_LIFE = 7 * 24 * 3600.0


class OAuthError(Exception):
    """A refusal as the token endpoint words it."""

    def __init__(self, said: str, error: str = "invalid_grant", *, status: int = 400) -> None:
        super().__init__(said)
        self.said, self.error, self.status = said, error, status


@dataclass(frozen=True)
class Asked:
    """What a client asks for at the consent page."""

    app: App
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str
    method: str
    access_type: str
    prompt: str


@dataclass(frozen=True)
class Given:
    """`refresh` is empty where none comes; `lasts` is how long a testing project's will live."""

    access: str
    refresh: str
    scopes: tuple[str, ...]
    lasts: int | None


def issue_code(state: GoogleState, asked: Asked, account: Account, scopes: tuple[str, ...]) -> str:
    """Offline access comes with the first consent, and later only if consent is asked for again."""
    with state.change():
        knows_us = any(one.client_id == asked.app.id and one.account_id == account.id for one in _living(state))
        code = Code(
            id=f"4/0{secrets.token_urlsafe(36)}",
            client_id=asked.app.id,
            account_id=account.id,
            redirect_uri=asked.redirect_uri,
            scopes=scopes,
            challenge=asked.challenge,
            method=asked.method,
            is_offline=asked.access_type == "offline" and ("consent" in asked.prompt.split() or not knows_us),
            expires_at=state.now() + CODE_LIFE,
        )
        state.codes[code.id] = code
    return code.id


def redeem_code(state: GoogleState, app: App, form: Mapping[str, str]) -> Given:
    """The code is used up by the first try, whatever comes of it."""
    with state.change():
        code = state.codes.pop(form.get("code", ""), None)
    if code is None or code.client_id != app.id or code.expires_at < state.now():
        raise OAuthError("Bad Request")
    if code.redirect_uri != form.get("redirect_uri"):
        raise OAuthError("Bad Request", "redirect_uri_mismatch")
    if not proves(code.challenge, code.method, form.get("code_verifier", "")):
        raise OAuthError("Invalid code verifier.")
    return _grant(state, app, code)


def _grant(state: GoogleState, app: App, code: Code) -> Given:
    """Earlier grants of the same account stay alive."""
    now = state.now()
    ends_at = now + TESTING_LIFE if app.is_testing else None
    with state.change():
        grant = Grant(secrets.token_hex(8), app.id, code.account_id, code.scopes, now, ends_at)
        state.grants[grant.id] = grant
        refresh = f"1//0{secrets.token_urlsafe(60)}" if code.is_offline else ""
        if refresh:
            state.tokens[refresh] = Token(refresh, "refresh", grant.id)
        return _given(state, grant, refresh)


def refresh_access(state: GoogleState, app: App, refresh_token: str) -> Given:
    """The refresh token stays as it is, and is not told again."""
    with state.change():
        token = state.tokens.get(refresh_token)
        grant = state.grants.get(token.grant_id) if token and token.kind == "refresh" else None
        if grant is None or grant.client_id != app.id:
            raise OAuthError("Bad Request")
        if not grant.is_living(state.now()):
            raise OAuthError("Token has been expired or revoked.")
        return _given(state, grant, "")


def _given(state: GoogleState, grant: Grant, refresh: str) -> Given:
    now = state.now()
    for token in [one for one in state.tokens.values() if one.expires_at is not None and one.expires_at < now]:
        del state.tokens[token.id]
    access = Token(f"ya29.{secrets.token_urlsafe(90)}", "access", grant.id, now + ACCESS_LIFE)
    state.tokens[access.id] = access
    lasts = None if grant.ends_at is None else int(grant.ends_at - now)
    return Given(access.id, refresh, grant.scopes, lasts)


def revoke_token(state: GoogleState, token: str) -> None:
    """Ends the whole grant, whichever of its tokens is given."""
    with state.change():
        held = state.tokens.get(token)
        grant = state.grants.get(held.grant_id) if held else None
        if grant is None or not grant.is_living(state.now()):
            raise OAuthError("Token expired or revoked", "invalid_token")
        state.grants[grant.id] = replace(grant, revoked_at=state.now())


def revoke_grants(state: GoogleState, *, account_id: str | None = None, grant_id: str | None = None) -> int:
    """As a person removes an app from their account: those of one account, or all; gives how many ended."""
    with state.change():
        ended = [one for one in _living(state) if account_id in {None, one.account_id} and grant_id in {None, one.id}]
        for grant in ended:
            state.grants[grant.id] = replace(grant, revoked_at=state.now())
        return len(ended)


def bearer_of(state: GoogleState, authorization: str) -> tuple[Account, Grant]:
    """Raises GoogleError 401 unless the header carries a living access token."""
    scheme, _, value = authorization.partition(" ")
    now = state.now()
    with state.lock:
        token = state.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
        grant = state.grants.get(token.grant_id) if token and token.kind == "access" else None
        account = state.accounts.get(grant.account_id) if grant else None
    is_living = grant and grant.is_living(now) and token and token.expires_at is not None and now < token.expires_at
    if not account or not grant or not is_living:
        raise GoogleError(401, "authError", "Invalid Credentials", location=("header", "Authorization"))
    return account, grant


def _living(state: GoogleState) -> list[Grant]:
    return [one for one in state.grants.values() if one.is_living(state.now())]
