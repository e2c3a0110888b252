"""Do what every OAuth handshake has in common: the hashed verifier, and tokens read from what a service answers."""

import base64
import hashlib
import re
from datetime import timedelta

from webapp.providers.base import Tokens
from webapp.providers.http import Answer

_HOUR = 3600
_SENSIBLE_SECONDS = range(120, 24 * _HOUR)
_TOKEN = re.compile(r"[!-~]{1,8000}")


def challenge(verifier: str) -> str:
    """As S256 wants it."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def tokens_of(answer: Answer, *, former: Tokens | None = None) -> Tokens:
    """Raises ProviderError where they could not be used. What a refresh does not say again stays as it was."""
    body = answer.object()
    access, refresh = body.get("access_token"), body.get("refresh_token") or (former.refresh if former else None)
    if not _is_token(access) or not _is_token(refresh):
        raise answer.unreadable()
    seconds = _lifetime(body.get("expires_in"))
    return Tokens(
        access=str(access),
        refresh=str(refresh),
        expires_at=answer.at + timedelta(seconds=seconds),
        seconds=seconds,
        scopes=str(body.get("scope") or (former.scopes if former else ""))[:4000],
        api_url=str(body.get("api_url") or "")[:200],
    )


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(_TOKEN.fullmatch(value))


def _lifetime(seconds: object) -> int:
    """A lifetime that makes no sense is taken as the usual hour: if it was shorter, the first 401 renews."""
    is_sensible = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds in _SENSIBLE_SECONDS
    return int(str(seconds)) if is_sensible else _HOUR
