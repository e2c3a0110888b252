"""Fill an empty stand-in from plain data, and on a later start add only what it does not know yet."""

from collections.abc import Iterable, Mapping
from typing import Any

from .people import add_account, put_app
from .records import App
from .state import GoogleState


def seed(
    state: GoogleState, *, accounts: Iterable[Mapping[str, Any]] = (), app: Mapping[str, Any] | None = None
) -> App | None:
    """Gives the app with its client id and secret. An account already known by address stays as it is; the app's
    redirects are added to those it has. Raises ValueError, with a sentence."""
    with state.change():
        for account in accounts:
            if not state.account_with_email(account.get("email", "")):
                add_account(state, account)
        return put_app(state, app) if app else None
