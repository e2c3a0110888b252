"""Send a person to a provider's consent page, and know them again when they come back: the same browser, once."""

import hmac
from typing import Any

from flask import redirect, request, session
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import person
from webapp.context import confab, database
from webapp.errors import N_, Invalid, NotAllowed
from webapp.services.booking.request_key import take_key
from webapp.services.system.handshake import begin
from webapp.services.system.installation import refuse_on_hold

HANDSHAKE_LASTS = 600
"""Seconds from leaving for the consent page until coming back."""


class WrongState(Invalid):
    message = N_("This answer does not belong to a connection that was begun here. Start again with the button.")
    status = 400


def leave(provider: str, school: str) -> Response:
    """`account` in the query is one that the person was told of and chose."""
    with database().reading() as db:
        refuse_on_hold(db)
    handshake = begin(confab().providers.grants[provider])
    session[_kept(provider)] = {
        "state": handshake.state,
        "verifier": handshake.verifier,
        "school": school,
        "login": person().login_id,
        "at": clock.now().timestamp(),
        "account": request.args.get("account", "")[:100],
    }
    return redirect(handshake.url, 303)


def begun(provider: str) -> dict[str, Any]:
    """What was begun in this browser with this provider: `verifier`, `school`, `account`. A look uses it up: here, and
    for an answer that was sent twice at once, in the database, since a cookie can come back. Raises WrongState or
    NotAllowed."""
    kept: dict[str, Any] = session.pop(_kept(provider), None) or {}
    if person().acting_as_id:
        raise NotAllowed(N_("This is not available while you are logged in as somebody else. Return first."))
    sent = request.args.get("state", "")
    is_ours = hmac.compare_digest(str(kept.get("state", "")).encode(), sent.encode()) and bool(sent)
    if not is_ours or kept["login"] != person().login_id:
        raise WrongState
    if clock.now().timestamp() - kept["at"] > HANDSHAKE_LASTS:
        raise WrongState(N_("That took longer than ten minutes. Start again with the button."))
    with database().transaction() as db:
        if take_key(db, sent, f"{provider}.connect", login_id=kept["login"], now=clock.now()) is not None:
            raise WrongState
    return kept


def _kept(provider: str) -> str:
    """One under way with each: an answer of one provider does for no other (OAUTH-005)."""
    return f"handshake {provider}"
