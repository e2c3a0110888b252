"""Hand out codes and tokens, and end grants as a new password, a withdrawn consent or a policy does."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..pkce import proves
from .answers import GraphError, SignInError
from .records import App, Code, Grant, Mailbox, Token
from .state import MicrosoftState

CODE_LIFE = 10 * 60.0
ACCESS_LIFE = 3600.0
REFRESH_LIFE = 90 * 24 * 3600.0
LASTING = "offline_access"

ENDINGS: dict[str, tuple[int, str, str]] = {
    "password": (50173, "invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token "
                 "is needed. The user might have changed or reset their password."),
    "consent": (65001, "invalid_grant", "The user or administrator has not consented to use the application."),
    "policy": (53003, "interaction_required", "Access has been blocked by Conditional Access policies."),
    "inactive": (700082, "invalid_grant", "The refresh token has expired due to inactivity."),
}  # fmt: skip
"""Why a grant ends: the number, the word and the sentence of the answer to the next refresh."""


@dataclass(frozen=True)
class TokenPair:
    """`refresh` is empty where no lasting access was asked for."""

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
    scopes: tuple[str, ...]


def issue_code(state: MicrosoftState, asked: Asked, mailbox: Mailbox, scopes: tuple[str, ...]) -> str:
    code = Code(
        id=f"M.C5{secrets.token_urlsafe(40)}",
        client_id=asked.app.id,
        mailbox_id=mailbox.id,
        redirect_uri=asked.redirect_uri,
        scopes=scopes,
        challenge=asked.challenge,
        method=asked.method,
        expires_at=state.now() + CODE_LIFE,
    )
    with state.change():
        state.codes[code.id] = code
    return code.id


def redeem_code(state: MicrosoftState, app: App, form: Mapping[str, str]) -> TokenPair:
    """The code is used up by the first try, whatever comes of it."""
    with state.change():
        code = state.codes.pop(form.get("code", ""), None)
    if code is None or code.client_id != app.id:
        raise SignInError(54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code.")
    if code.expires_at < state.now():
        raise SignInError(70008, "The provided authorization code or refresh token has expired.")
    if code.redirect_uri != form.get("redirect_uri"):
        raise SignInError(500112, "The reply address does not match the one of the authorization request.")
    if not proves(code.challenge, code.method, form.get("code_verifier", "")):
        raise SignInError(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization.")
    with state.change():
        grant = Grant(secrets.token_hex(8), code.client_id, code.mailbox_id, code.scopes, state.now())
        state.grants[grant.id] = grant
        return _pair(state, grant)


def refresh_pair(state: MicrosoftState, app: App, refresh_token: str) -> TokenPair:
    """A new pair. The refresh token given goes on serving, as Microsoft's do until they are too old."""
    with state.change():
        token = state.tokens.get(refresh_token)
        grant = state.grants.get(token.grant_id) if token and token.kind == "refresh" else None
        if token is None or grant is None or grant.client_id != app.id:
            raise SignInError(9002313, "Invalid request. Request is malformed or invalid.")
        if grant.ended:
            number, word, said = ENDINGS[grant.ended]
            raise SignInError(number, said, word)
        if token.expires_at <= state.now():
            raise SignInError(700082, ENDINGS["inactive"][2])
        return _pair(state, grant)


def _pair(state: MicrosoftState, grant: Grant) -> TokenPair:
    now = state.now()
    access = Token(f"EwB{secrets.token_urlsafe(60)}", "access", grant.id, now + ACCESS_LIFE)
    state.tokens[access.id] = access
    if LASTING not in grant.scopes or not state.switches.refresh_in_scope:
        return TokenPair(access.id, "", grant.scopes)
    refresh = Token(f"M.C5{secrets.token_urlsafe(60)}", "refresh", grant.id, now + REFRESH_LIFE)
    state.tokens[refresh.id] = refresh
    return TokenPair(access.id, refresh.id, grant.scopes)


def end_grants(state: MicrosoftState, why: str, *, email: str = "", at_once: bool = True) -> int:
    """Of one mailbox or of all; gives how many ended. Access tokens serve on until they expire, unless `at_once`."""
    if why not in ENDINGS:
        raise ValueError(f"why must be one of {', '.join(ENDINGS)}")
    mailbox = state.mailbox_with(email) if email else None
    with state.change():
        standing = [one for one in state.grants.values() if not one.ended and mailbox in {None, _owner(state, one)}]
        for grant in standing:
            state.grants[grant.id] = replace(grant, ended=why, revoked_at=state.now() if at_once else None)
        return len(standing)


def _owner(state: MicrosoftState, grant: Grant) -> Mailbox | None:
    return state.mailboxes.get(grant.mailbox_id)


def bearer_of(state: MicrosoftState, authorization: str) -> tuple[Mailbox, Grant]:
    """Raises GraphError 401 unless the header carries a living access token."""
    scheme, _, value = authorization.partition(" ")
    with state.lock:
        token = state.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
        grant = state.grants.get(token.grant_id) if token else None
        mailbox = _owner(state, grant) if grant else None
    if not token or not grant or not mailbox or token.kind != "access" or grant.revoked_at is not None:
        raise GraphError(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
    if token.expires_at <= state.now():
        raise GraphError(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
    return mailbox, grant
