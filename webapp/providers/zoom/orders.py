"""Write what a meeting shall be in the words of Zoom's API."""

import re
from datetime import UTC
from typing import Any

from webapp.providers.base import MeetingOrder
from webapp.providers.zoom.passcode import make_passcode

SCHEDULED = 2
LONGEST_TOPIC, LONGEST_MINUTES = 200, 1440
SHOWN_IN_LISTS = 250
"""Characters of the agenda."""

_REFERENCE = re.compile(r"\bRef ([A-Za-z0-9_-]{1,40})(?![A-Za-z0-9_-])")


def creation(order: MeetingOrder) -> dict[str, Any]:
    """The body that makes the meeting. All settings that matter are said: defaults differ by host (PROVIDERS 0)."""
    return {"type": SCHEDULED, **change(order), **_passcode(order), "settings": _settings()}


def change(order: MeetingOrder) -> dict[str, Any]:
    """The body that brings it up to date: only our own fields, so that what the host set in Zoom stays."""
    return {
        "topic": " ".join(order.topic.split())[:LONGEST_TOPIC],
        # Lists show the first 250 characters only, and look-ups search them.
        "agenda": f"Ref {order.marker}",
        # UTC: a local time would be read in the account's zone where the zone is not understood.
        "start_time": order.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "timezone": order.zone,
        "duration": min(max(order.minutes, 1), LONGEST_MINUTES),
    }


def carries(marker: str, agenda: object) -> bool:
    return marker in str(agenda or "").split()


def marker_in(agenda: object) -> str:
    """What follows our word in the part of the agenda that lists show; empty where there is none."""
    found = _REFERENCE.search(str(agenda or "")[:SHOWN_IN_LISTS])
    return found[1] if found else ""


def _passcode(order: MeetingOrder) -> dict[str, Any]:
    """Where the rule is not known, Zoom makes one that keeps it."""
    return {"default_password": True} if order.rule is None else {"password": make_passcode(order.rule)}


def _settings() -> dict[str, Any]:
    return {
        "use_pmi": False,
        "waiting_room": True,
        "join_before_host": False,
        "approval_type": 2,  # nobody has to register
        "email_notification": False,
        "alternative_hosts_email_notification": False,
    }
