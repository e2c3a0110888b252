"""Whether a passcode of at most ten characters can satisfy each host's rule (F1, R92 to R97)."""

import json

from webapp.errors import N_
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import PasscodeRule
from webapp.services.preflight.facts import Facts, Offer
from webapp.services.preflight.finding import AMBER, RED, Check, Finding

LONGEST = 10
"""Characters that Zoom takes as a passcode through its interface."""


def passcodes(facts: Facts) -> Check | None:
    """Digits only is no defect: passcodes follow it at the first try (R94)."""
    if not facts.provider or not facts.virtual:
        return None
    mapped = [offer for offer in facts.virtual if offer.lead and offer.lead.state == MAPPED]
    if not mapped:
        return None
    rules = [(offer, _rule(offer)) for offer in mapped]
    unread = tuple(offer.subject for offer, rule in rules if rule is None)
    impossible = tuple(offer.subject for offer, rule in rules if rule and not _can_be_met(rule))
    found = (
        Finding(
            "passcode_impossible",
            RED,
            N_("Zoom's passcode rule cannot be met with 10 characters"),
            N_(
                "In the Zoom web portal: Account Management, Account Settings, Meeting, Security, Passcode "
                "Requirement. Ask for 10 characters at most, and not for digits only together with letters. A padlock "
                "there must be opened at account level. This is the meeting passcode, not the sign-in password."
            ),
            subjects=impossible,
        ),
        Finding(
            "passcode_unread",
            AMBER,
            N_("Zoom's passcode rule could not be read: Zoom will choose the passcodes"),
            N_("Press Check now. If it stays, the app lacks the permission to read users' settings."),
            subjects=unread,
        ),
    )
    return Check(
        N_("Passcode rules"),
        N_("A passcode can follow the rule of each host."),
        tuple(one for one in found if one.subjects),
        as_of=facts.hosts_as_of,
    )


def _rule(offer: Offer) -> PasscodeRule | None:
    assert offer.lead is not None
    try:
        return PasscodeRule(**json.loads(offer.lead.rule or "null"))
    except (TypeError, ValueError):
        return None


def _can_be_met(rule: PasscodeRule) -> bool:
    wants_others = rule.have_letter or rule.have_special_character or rule.have_upper_and_lower_characters
    return rule.length <= LONGEST and not (rule.only_allow_numeric and wants_others)
