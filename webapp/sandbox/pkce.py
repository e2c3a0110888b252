"""Check that who brings a code is who asked for it."""

import base64
import hashlib
import re
import secrets

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def proves(challenge: str, method: str, verifier: str) -> bool:
    """True without a challenge too: PKCE is optional for a client that has a secret."""
    if not challenge:
        return True
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if method == "S256" else verifier
    return secrets.compare_digest(expected.encode(), challenge.encode())
