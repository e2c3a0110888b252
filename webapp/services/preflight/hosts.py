"""Whether each teacher who would hold online meetings can: contact, user, licence, daily budget (F3, F4, F7, F10)."""

from collections.abc import Iterable

from webapp.errors import N_
from webapp.models.meeting.host import CANNOT_HOST, INACTIVE, MAPPED, NO_EMAIL, NOT_FOUND, PENDING
from webapp.services.booking.wish_meetings import BLOCKED, NO_CONTACT, NOT_MAPPED
from webapp.services.preflight.facts import Facts, Offer
from webapp.services.preflight.finding import AMBER, APPOINTMENTS, IMPORTER, RED, SETUP, Check, Finding

BASIC_MINUTES = 40
"""After which a free user's meeting ends."""
A_DAY = 100
"""Meetings that Zoom lets one user make or change between two midnights UTC."""

_REMEDIES = {
    NOT_MAPPED: (N_("Press Check now. The teacher needs a user in your Zoom account with the same email."), SETUP),
    NOT_FOUND: (
        N_(
            "In your Zoom account, look under Users and Pending Users. Make the email the same on both sides, or add "
            "the user there; then press Check now."
        ),
        SETUP,
    ),
    PENDING: (
        N_("The teacher opens Zoom's invitation and accepts it. Resend it under Pending Users if it is old."),
        "",
    ),
    INACTIVE: (N_("In your Zoom account, open Users and choose Activate; then press Check now."), ""),
    NO_EMAIL: (
        N_("Import the teacher's email with the Importer, the same as in Zoom; then press Check now."),
        IMPORTER,
    ),
    CANNOT_HOST: (N_("In your Zoom account, open Users and assign a Zoom licence; then press Check now."), ""),
}


def hosts(facts: Facts) -> Check | None:
    """Where nobody was ever looked for and nothing is wrong, there is nothing to say."""
    if not facts.provider or not facts.virtual:
        return None
    found = (*_unmapped(facts), *_basic(facts.virtual), *_budget(facts.virtual))
    if not found and facts.hosts_as_of is None:
        return None
    fine = N_("Each teacher with virtual slots has a Zoom user who can hold the meetings.")
    return Check(N_("Hosts"), fine, found, as_of=facts.hosts_as_of)


def contacts(facts: Facts) -> Check:
    """A resource without contact has no host (red where Zoom is to make its links), and nobody is told of bookings."""
    without = [offer for offer in facts.offers if offer.lead is None]
    red = [offer for offer in without if facts.provider and offer.coming.virtual]
    amber = [offer for offer in without if offer not in red]
    remedy = N_("Attach the teacher's contact to the resource. Without it nobody holds the meeting or is notified.")
    found = (
        _about(NO_CONTACT, state, BLOCKED[NO_CONTACT], remedy, some, place=APPOINTMENTS)
        for state, some in ((RED, red), (AMBER, amber))
    )
    return Check(N_("Contacts"), N_("Each resource has a contact."), tuple(one for one in found if one.subjects))


def _unmapped(facts: Facts) -> Iterable[Finding]:
    """Where Zoom is not connected, teachers who were never looked for are not named: connecting looks for them."""
    is_live = facts.connection is not None and facts.connection.is_live
    for state, (remedy, place) in _REMEDIES.items():
        some = [o for o in facts.virtual if o.lead and (o.lead.state or NOT_MAPPED) == state]
        if some and (is_live or state != NOT_MAPPED):
            yield _about(state, RED, BLOCKED[state], remedy, some, place=place)


def _basic(offers: list[Offer]) -> Iterable[Finding]:
    free = [offer for offer in offers if offer.lead and offer.lead.state == MAPPED and offer.lead.is_basic]
    long = [offer for offer in free if offer.coming.longest > BASIC_MINUTES]
    shared = [offer for offer in free if offer.is_shared and offer not in long]
    others = [offer for offer in free if offer not in long and offer not in shared]
    buy = N_("In your Zoom account, open Users and assign a paid licence; then press Check now.")
    for code, state, heading, some in (
        ("basic_long", RED, N_("Free Zoom user with slots of more than 40 minutes: the meetings end before"), long),
        ("basic_shared", AMBER, N_("Free Zoom user of a team: with three or more people, 40 minutes at most"), shared),
        ("basic", AMBER, N_("Free Zoom user: a paid one is required, meetings end after 40 minutes"), others),
    ):
        if some:
            yield _about(code, state, heading, buy, some)


def _budget(offers: list[Offer]) -> Iterable[Finding]:
    """A forecast: if all were booked between two midnights UTC."""
    seats: dict[int, int] = {}
    for offer in offers:
        if offer.lead:
            seats[offer.lead.contact_id] = seats.get(offer.lead.contact_id, 0) + offer.coming.seats
    some = [offer for offer in offers if offer.lead and seats[offer.lead.contact_id] > A_DAY]
    if some:
        heading = N_("More than 100 virtual appointments may be booked on one day: Zoom makes 100 per user and day")
        remedy = N_(
            "Open to families over several days, or share the slots with another teacher. Links beyond 100 are made "
            "after midnight UTC."
        )
        yield _about("budget", AMBER, heading, remedy, some, place=APPOINTMENTS)


def _about(code: str, state: str, heading: str, remedy: str, offers: Iterable[Offer], *, place: str = "") -> Finding:
    return Finding(code, state, heading, remedy, place, tuple(offer.subject for offer in offers))
