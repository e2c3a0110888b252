"""Encrypt what a database dump must not tell, bound to the row it belongs to, with keys that can be rotated."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlmodel import Session


class Unreadable(Exception):
    """The text was encrypted with a key that is not here, or belongs to another row."""


class Vault:
    """Newest key first; the others still open what they closed."""

    def __init__(self, keys: Sequence[str]) -> None:
        known = [Fernet(_derived(key)) for key in keys]
        self._digesting = [hashlib.sha256(b"confab digests\0" + key.encode()).digest() for key in keys]
        self._fernet = MultiFernet(known)  # raises ValueError where there is none
        self._newest = known[0]

    def close(self, secret: str, *, row: str) -> str:
        """`row` names the row and column, such as "connection 3 access". Fernet has no associated data (RELIABILITY
        T13), so the row stands inside what is encrypted."""
        return self._fernet.encrypt(f"{row}\0{secret}".encode()).decode()

    def digests(self, text: str) -> list[bytes]:
        """Of the text under each key, newest first: whoever has none of the keys can tell none."""
        return [hmac.digest(key, text.encode(), "sha256") for key in self._digesting]

    def is_newest(self, closed: str) -> bool:
        """Whether the newest key alone opens it."""
        try:
            self._newest.decrypt(closed.encode())
        except InvalidToken:
            return False
        return True

    def is_older(self, closed: str) -> bool:
        """Whether a key opens it, and the newest does not."""
        if self.is_newest(closed):
            return False
        try:
            self._fernet.decrypt(closed.encode())
        except InvalidToken:
            return False
        return True

    def closed_anew(self, closed: str) -> str:
        """The same by the newest key, bound to the same row. Raises Unreadable."""
        try:
            return self._fernet.rotate(closed.encode()).decode()
        except InvalidToken as error:
            raise Unreadable from error

    def open(self, closed: str, *, row: str) -> str:
        """Raises Unreadable."""
        try:
            bound, _, secret = self._fernet.decrypt(closed.encode()).decode().partition("\0")
        except InvalidToken as error:
            raise Unreadable(row) from error
        if bound != row:
            raise Unreadable(row)
        return secret


def vault_of(session: Session) -> Vault:
    """The vault that the edge gave to this session's database."""
    vault = session.info["vault"]
    assert isinstance(vault, Vault)
    return vault


def _derived(key: str) -> bytes:
    """Any long random text serves as a key."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"confab tokens\0" + key.encode()).digest())
