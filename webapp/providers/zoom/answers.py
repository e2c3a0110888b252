"""Read Zoom's answers into our value types, and refuse what could not be shown to a family."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from webapp.errors import N_, ProviderError
from webapp.providers.base import MadeMeeting, PasscodeRule, RemoteUser
from webapp.providers.http import Answer
from webapp.providers.instants import iso_instant
from webapp.providers.links import is_allowed_link

BASIC, LICENSED = 1, 2
_PRINTABLE = re.compile(r"[!-~]{0,20}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_ELSEWHERE = N_("Zoom gave a link that does not lead to Zoom. It is not shown to anybody.")


def meeting_id(answer: Answer) -> str:
    """Zoom's number as text: it does not fit into 32 bits, and webhooks write it as text anyway."""
    number = answer.object().get("id")
    if isinstance(number, bool) or not _NUMBER.fullmatch(str(number)):
        raise answer.unreadable()
    return str(number)


def made_meeting(answer: Answer, link_hosts: Collection[str]) -> MadeMeeting:
    """Only what Zoom says counts, never what we sent. The host's start link is not read at all."""
    body = answer.object()
    number = meeting_id(answer)
    link, passcode = body.get("join_url"), body.get("password") or ""
    if not link:
        raise bad_link(N_("Zoom made a meeting and gave no link for it."))
    if not is_allowed_link(link, link_hosts) or _is_start_link(str(link)):
        raise bad_link()
    if not isinstance(passcode, str) or not _PRINTABLE.fullmatch(passcode):
        raise answer.unreadable()
    return MadeMeeting(number, str(link), passcode, str(body.get("host_id") or ""), iso_instant(body.get("start_time")))


def bad_link(message: str = _ELSEWHERE, *, arrived: bool = False) -> ProviderError:
    return ProviderError(message, retry=False, arrived=arrived, code="bad_link")


def remote_user(listed: Mapping[str, Any], status: str) -> RemoteUser | None:
    """None for an entry without an address, with which nobody could be matched."""
    email = str(listed.get("email") or "").strip()
    if not email:
        return None
    name = listed.get("display_name") or f"{listed.get('first_name') or ''} {listed.get('last_name') or ''}"
    kind = listed.get("type")
    return RemoteUser(
        key=str(listed.get("id") or ""),
        email=email,
        name=str(name).strip(),
        status=status,
        can_host=kind in {BASIC, LICENSED},
        is_basic=kind == BASIC and not listed.get("plan_united_type") and not listed.get("license_info_list"),
    )


def passcode_rule(body: Mapping[str, Any]) -> PasscodeRule | None:
    """The rule from a user's settings, of which the full answer and the security option each have their own place."""
    for section in ("meeting_security", "schedule_meeting"):
        part = body.get(section)
        rule = part.get("meeting_password_requirement") if isinstance(part, dict) else None
        if isinstance(rule, dict):
            return _rule(rule)
    return None


def _rule(found: Mapping[str, Any]) -> PasscodeRule:
    return PasscodeRule(
        length=_small(found.get("length")),
        have_letter=found.get("have_letter") is True,
        have_number=found.get("have_number") is True,
        have_special_character=found.get("have_special_character") is True,
        only_allow_numeric=found.get("only_allow_numeric") is True,
        have_upper_and_lower_characters=found.get("have_upper_and_lower_characters") is True,
        consecutive_characters_length=_small(found.get("consecutive_characters_length")),
    )


def _small(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100 else 0


def _is_start_link(link: str) -> bool:
    """A link that signs its reader in as the host."""
    parts = urlsplit(link)
    return parts.path.startswith("/s/") or "zak" in parse_qs(parts.query)
