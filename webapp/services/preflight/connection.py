"""Whether the school's connection to Zoom can be used, with all permissions, and how old is what is known of it."""

from datetime import timedelta

from webapp.errors import N_
from webapp.services.booking.wish_meetings import BLOCKED, NEEDS_RECONNECT, NOT_CONNECTED
from webapp.services.preflight.facts import Facts
from webapp.services.preflight.finding import AMBER, RED, SETUP, Check, Finding

FRESH = timedelta(days=7)
"""Facts that are older are a reason to look again before families come."""

_LOOK = N_("Press Check now.")


def connection(facts: Facts) -> Check | None:
    if not facts.provider:
        return None
    return Check(
        N_("Zoom connection"),
        N_("Zoom is connected and permits all that is needed."),
        tuple(filter(None, (_token(facts) or _age(facts), _scopes(facts)))),
        as_of=facts.as_of,
    )


def _token(facts: Facts) -> Finding | None:
    held = facts.connection
    if held is None or held.connected_at is None or held.disconnected_at:
        remedy = N_("An Administrator connects Zoom in Global Setup / Business, Integration Options.")
        return Finding(NOT_CONNECTED, RED, BLOCKED[NOT_CONNECTED], remedy, SETUP)
    if held.needs_reconnect_at:
        remedy = N_(
            "Zoom does not accept the connection any more. An Administrator presses Connect and Map Contacts once more."
        )
        return Finding(NEEDS_RECONNECT, RED, BLOCKED[NEEDS_RECONNECT], remedy, SETUP)
    if not facts.is_readable:
        heading = N_("The connection was stored with a key that this installation does not have.")
        remedy = N_(
            "Whoever runs Confab checks its token keys. Or an Administrator disconnects Zoom and connects anew."
        )
        return Finding("unreadable_tokens", RED, heading, remedy, SETUP)
    return None


def _scopes(facts: Facts) -> Finding | None:
    if not facts.missing:
        return None
    return Finding(
        "scopes",
        RED,
        N_("Zoom does not permit everything that is needed. Missing: %(scopes)s"),
        N_("An Administrator disconnects Zoom, then connects it anew and permits all that is asked."),
        SETUP,
        values={"scopes": ", ".join(facts.missing)},
    )


def _age(facts: Facts) -> Finding | None:
    if facts.as_of is None:
        return Finding("never_checked", AMBER, N_("Zoom's users have not been read yet."), _LOOK)
    if facts.as_of < facts.now - FRESH:
        days = (facts.now - facts.as_of).days
        heading = N_("What is known of Zoom is %(days)s days old.")
        return Finding("stale", AMBER, heading, _LOOK, values={"days": days})
    return None
