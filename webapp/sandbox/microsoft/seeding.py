"""Fill an empty stand-in from plain data, and on a later start add only what it does not know yet."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .answers import request_id
from .records import App, Calendar, Mailbox
from .state import MicrosoftState, new_id
from .zones import zone_named


def seed(
    state: MicrosoftState, *, mailboxes: Iterable[Mapping[str, Any]] = (), app: Mapping[str, Any] | None = None
) -> App | None:
    """Gives the app with its client id and secret. A mailbox already known by its address stays as somebody may have
    left it; the app's redirects are added to those it has. Raises ValueError, with a sentence."""
    with state.change():
        for values in mailboxes:
            if not state.mailbox_with(str(values.get("email", ""))):
                add_mailbox(state, values)
        return _put_app(state, app) if app else None


def add_mailbox(state: MicrosoftState, values: Mapping[str, Any]) -> Mailbox:
    """With a default calendar, as every mailbox has. Raises ValueError."""
    email = str(values.get("email", "")).strip()
    if "@" not in email or state.mailbox_with(email):
        raise ValueError("A mailbox needs an address, which no other has.")
    zone = str(values.get("zone") or "Pacific Standard Time")
    zone_named(zone)
    mailbox = Mailbox(request_id(), email, str(values.get("name") or email), zone)
    with state.change():
        state.put(mailbox)
        add_calendar(state, mailbox.id, "Calendar", is_default=True)
    return mailbox


def add_calendar(
    state: MicrosoftState, mailbox_id: str, name: str, *, is_default: bool = False, can_edit: bool = True
) -> Calendar:
    if mailbox_id not in state.mailboxes or not name.strip():
        raise ValueError("A calendar needs a mailbox and a name.")
    calendar = Calendar(new_id("AAMkC"), mailbox_id, name.strip(), is_default, can_edit)
    with state.change():
        state.put(calendar)
    return calendar


def _put_app(state: MicrosoftState, values: Mapping[str, Any]) -> App:
    name = str(values.get("name") or "Confab")
    redirects = tuple(values.get("redirect_uris", ()))
    known = next((one for one in state.apps.values() if one.name == name), None)
    if known:
        app = replace(known, redirect_uris=tuple(dict.fromkeys((*known.redirect_uris, *redirects))))
    else:
        app = App(request_id(), secrets.token_urlsafe(30), name, redirects)
    state.put(app)
    return app
