"""Hand out codes and tokens once each, and void them as Zoom does: on reuse, rotation, re-authorising and revoking."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..pkce import proves
from .answers import ZoomError
from .events import tell_farewell
from .records import App, Code, Grant, Token, User
from .state import ZoomState

CODE_LIFE = 5 * 60.0
ACCESS_LIFE = 3600.0
REFRESH_LIFE = 90 * 24 * 3600.0
# Dead tokens are remembered a day longer, so that the answer can say "expired" rather than "unknown".
_REMEMBERED = 24 * 3600.0


class OAuthError(Exception):
    """A refusal as the token endpoint words it."""

    def __init__(self, reason: str, error: str = "invalid_grant", *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.error, self.status = reason, error, status


@dataclass(frozen=True)
class TokenPair:
    access: str
    refresh: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What a client asks for at the consent page."""

    app: App
    redirect_uri: str
    state: str | None
    challenge: str
    method: str


def issue_code(state: ZoomState, asked: Asked, user: User, scopes: tuple[str, ...]) -> str:
    """The code as it goes into the redirect; it lives 5 minutes."""
    code = Code(
        id=secrets.token_urlsafe(24),
        client_id=asked.app.id,
        user_id=user.id,
        redirect_uri=asked.redirect_uri,
        scopes=scopes,
        challenge=asked.challenge,
        method=asked.method,
        expires_at=state.now() + CODE_LIFE,
    )
    with state.change():
        state.codes[code.id] = code
    return code.id


def redeem_code(state: ZoomState, app: App, form: Mapping[str, str]) -> TokenPair:
    """The code is used up by the first try, whatever comes of it."""
    with state.change():
        code = state.codes.pop(form.get("code", ""), None)
    if code is None or code.client_id != app.id:
        raise OAuthError("Invalid authorization code.")
    if code.expires_at < state.now():
        raise OAuthError("Code is expired (5 minutes)")
    if code.redirect_uri != form.get("redirect_uri"):
        raise OAuthError("Redirect URI mismatch.", "invalid_request")
    if not proves(code.challenge, code.method, form.get("code_verifier", "")):
        raise OAuthError("Invalid code verifier.")
    return _grant(state, code)


def _grant(state: ZoomState, code: Code) -> TokenPair:
    now = state.now()
    with state.change():
        for former in list(state.grants.values()):
            if former.client_id == code.client_id:
                _void(state, former, now)
        grant = Grant(secrets.token_hex(8), code.client_id, code.user_id, code.scopes, now)
        state.grants[grant.id] = grant
        return _pair(state, grant)


def refresh_pair(state: ZoomState, app: App, refresh_token: str) -> TokenPair:
    """A new pair; the refresh token given is void from now on, or after the grace that the switch allows."""
    now = state.now()
    with state.change():
        token = state.tokens.get(refresh_token)
        grant = state.grants.get(token.grant_id) if token else None
        if not token or not grant or not _is_usable(state, app, token, grant):
            raise OAuthError("Invalid Token!")
        state.tokens[token.id] = replace(token, rotated_at=token.rotated_at or now)
        return _pair(state, grant)


def _is_usable(state: ZoomState, app: App, token: Token, grant: Grant) -> bool:
    now = state.now()
    is_fresh = token.rotated_at is None or now < token.rotated_at + state.switches.refresh_grace
    is_ours = token.kind == "refresh" and grant.client_id == app.id
    return is_ours and is_fresh and grant.revoked_at is None and now < token.expires_at


def _pair(state: ZoomState, grant: Grant) -> TokenPair:
    now = state.now()
    _forget_dead_tokens(state, now)
    access = Token(secrets.token_urlsafe(48), "access", grant.id, now + ACCESS_LIFE)
    refresh = Token(secrets.token_urlsafe(48), "refresh", grant.id, now + REFRESH_LIFE)
    state.tokens |= {access.id: access, refresh.id: refresh}
    return TokenPair(access.id, refresh.id, grant.scopes)


def _forget_dead_tokens(state: ZoomState, now: float) -> None:
    for token in list(state.tokens.values()):
        ended = min(token.expires_at, token.rotated_at or token.expires_at)
        if ended + _REMEMBERED < now:
            del state.tokens[token.id]


def revoke_token(state: ZoomState, app: App, token: str) -> None:
    """Ends the whole grant, as if the app were removed; an unknown token is no error."""
    with state.change():
        held = state.tokens.get(token)
        grant = state.grants.get(held.grant_id) if held else None
        if grant and grant.client_id == app.id:
            _void(state, grant, state.now())
            tell_farewell(state, grant)


def revoke_grants(state: ZoomState, grant_id: str | None = None) -> int:
    """As the account's admin does it in the portal: one grant, or all; gives how many ended."""
    with state.change():
        standing = [one for one in state.grants.values() if one.revoked_at is None and grant_id in {None, one.id}]
        for grant in standing:
            _void(state, grant, state.now())
            tell_farewell(state, grant)
        return len(standing)


def _void(state: ZoomState, grant: Grant, now: float) -> None:
    if grant.revoked_at is None:
        state.grants[grant.id] = replace(grant, revoked_at=now)


def bearer_of(state: ZoomState, authorization: str) -> tuple[User, Grant]:
    """Raises ZoomError 401/124 unless the header carries a living access token."""
    scheme, _, value = authorization.partition(" ")
    with state.lock:
        token = state.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
        grant = state.grants.get(token.grant_id) if token else None
        user = state.users.get(grant.user_id) if grant else None
    if not token or not grant or not user or token.kind != "access" or grant.revoked_at is not None:
        raise ZoomError(401, 124, "Invalid access token.")
    if token.expires_at <= state.now():
        raise ZoomError(401, 124, "Access token is expired.")
    return user, grant
