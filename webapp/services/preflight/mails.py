"""Whether families see their links in what they are mailed (R57)."""

from webapp.errors import N_
from webapp.services.preflight.facts import Facts
from webapp.services.preflight.finding import AMBER, NOTIFICATIONS, Check, Finding


def mails(facts: Facts) -> Check | None:
    if not facts.virtual:
        return None
    found = (_hiding(),) if facts.mails_that_hide_links else ()
    return Check(N_("Mails"), N_("Each mail about appointments shows where they take place."), found)


def _hiding() -> Finding:
    return Finding(
        "no_room_macro",
        AMBER,
        N_("Families will not see their links in a mail or on the Printable Schedule"),
        N_("Tick Replace the Email Body with the Printable Schedule of Appointments, or insert $(Room)."),
        NOTIFICATIONS,
    )
