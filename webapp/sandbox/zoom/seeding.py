"""Fill an empty stand-in from plain data, and on a later start add only what it does not know yet."""

from collections.abc import Iterable, Mapping
from typing import Any

from .directory import add_user, change_account, put_app
from .records import App
from .state import ZoomState


def seed(
    state: ZoomState,
    *,
    account: Mapping[str, Any] | None = None,
    users: Iterable[Mapping[str, Any]] = (),
    app: Mapping[str, Any] | None = None,
) -> App | None:
    """Gives the app with its client id and secret.

    A user already known by address, and an account that has users, stay as somebody may have left them.
    The app's redirects are added to those it has. Raises ValueError, with a sentence.
    """
    with state.change():
        if account and not state.users:
            change_account(state, account)
        for user in users:
            if not state.user_with_email(user.get("email", "")):
                add_user(state, user)
        return put_app(state, app) if app else None
