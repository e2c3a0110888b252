"""Go to a provider's consent page and come back with a grant: what no two kinds of grants do differently."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from webapp.errors import N_, DomainError
from webapp.providers.base import Grants, Tokens


class MissingScopes(DomainError):
    """The grant would not do: nothing is marked connected."""

    message = N_("%(service)s did not grant everything that is needed. Missing: %(scopes)s. Nothing was connected.")
    status = 409

    def __init__(self, scopes: Collection[str], *, service: str) -> None:
        super().__init__(scopes=", ".join(scopes), service=service)


@dataclass(frozen=True)
class Handshake:
    """What a session has to keep until the person comes back from the consent page at `url`."""

    state: str
    verifier: str
    url: str


def begin(grants: Grants) -> Handshake:
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    return Handshake(state, verifier, grants.authorize_url(state=state, verifier=verifier))


def exchange(grants: Grants, *, code: str, verifier: str, service: str) -> Tokens:
    """One or two calls while a person waits; open no transaction around it. Whoever calls has checked the state.

    Raises MissingScopes, or ProviderError where the provider does not play along."""
    tokens = grants.exchange(code, verifier=verifier)
    if missing := grants.missing_scopes(tokens.scopes):
        raise MissingScopes(missing, service=service)
    return tokens
