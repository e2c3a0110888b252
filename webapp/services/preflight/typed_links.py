"""Whether typed links reach families: needed where no provider is on, hidden where one is (R22, R29, R82 to R85)."""

from webapp.errors import N_
from webapp.services.event.typed_link import is_safe_link
from webapp.services.preflight.facts import Facts
from webapp.services.preflight.finding import AMBER, APPOINTMENTS, RED, UI_SETUP, Check, Finding


def typed_links(facts: Facts) -> Check | None:
    if not facts.virtual:
        return None
    found = _hidden(facts) if facts.provider else _missing(facts)
    return Check(N_("Typed links"), N_("No typed link is missing or hidden."), (found,) if found else ())


def _missing(facts: Facts) -> Finding | None:
    without = tuple(offer.subject for offer in facts.virtual if not is_safe_link(offer.virtual_room))
    if not without:
        return None
    return Finding(
        "no_link",
        RED,
        N_("Virtual slots, but no link typed and no provider on"),
        N_("Type the link in the Virtual Room cell, or choose Zoom as Online Meeting Provider in UI Setup."),
        APPOINTMENTS,
        without,
    )


def _hidden(facts: Facts) -> Finding | None:
    hidden = tuple(offer.subject for offer in facts.virtual if offer.virtual_room)
    if not hidden:
        return None
    return Finding(
        "hidden_link",
        AMBER,
        N_("Zoom integration is on; the typed link is not used"),
        N_("To show typed links, empty Online Meeting Provider in UI Setup. Else nothing needs to be done."),
        UI_SETUP,
        hidden,
    )
