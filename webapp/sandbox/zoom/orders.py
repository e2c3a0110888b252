"""Judge what a caller wants of a meeting: each field is of its kind and within bounds, or the refusal names it."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .answers import invalid

LONGEST_TOPIC = 200
LONGEST_AGENDA = 2000
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")
_SWITCHES = frozenset(
    (
        "allow_multiple_devices alternative_host_update_polls alternative_hosts_email_notification close_registration "
        "device_testing email_notification focus_mode host_save_video_order host_video internal_meeting "
        "join_before_host meeting_authentication mute_upon_entry participant_video private_meeting "
        "registrants_confirmation_email registrants_email_notification request_permission_to_unmute_participants "
        "show_share_button use_pmi waiting_room watermark"
    ).split()
)
_CHOICES: dict[str, tuple[Any, ...]] = {
    "approval_type": (0, 1, 2),
    "audio": ("both", "telephony", "voip", "thirdParty"),
    "auto_recording": ("local", "cloud", "none"),
    "calendar_type": (1, 2),
    "encryption_type": ("enhanced_encryption", "e2ee"),
    "jbh_time": (0, 5, 10, 15),
    "registration_type": (1, 2, 3),
}
_TEXTS = frozenset(("alternative_hosts", "contact_email", "contact_name", "authentication_option"))
KNOWN_SETTINGS = _SWITCHES | _TEXTS | frozenset(_CHOICES)


def check_order(body: Mapping[str, Any]) -> None:
    """Raises ZoomError 300 that names every bad field. What Zoom does not know it ignores, and so do we."""
    problems = [name for name, test in _FIELDS.items() if name in body and not test(body[name])]
    settings = body.get("settings")
    if isinstance(settings, Mapping):
        problems += [f"settings.{name}" for name, value in settings.items() if not _is_fine_setting(name, value)]
    if problems:
        raise invalid(*((name, "Invalid field.") for name in problems))


def instant_of(text: str, zone: str) -> float:
    """With Z it is UTC, without it the wall clock of `zone`."""
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=ZoneInfo(zone)).timestamp()


def is_zone(name: Any) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_type(value: Any) -> bool:
    return not _is_flag(value) and value in (1, 2, 3, 8, 10)


def _is_duration(value: Any) -> bool:
    return isinstance(value, int) and not _is_flag(value) and 1 <= value <= 1440


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return False
    try:
        instant_of(value, "UTC")
    except ValueError:
        return False
    return True


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_fine_setting(name: str, value: Any) -> bool:
    if name in _SWITCHES:
        return _is_flag(value)
    if name in _CHOICES:
        return not _is_flag(value) and value in _CHOICES[name]
    return name not in _TEXTS or _is_text(value)


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "topic": _is_text,
    "agenda": _is_text,
    "type": _is_type,
    "duration": _is_duration,
    "password": _is_text,
    "timezone": is_zone,
    "start_time": _is_instant,
    "schedule_for": _is_text,
    "default_password": _is_flag,
    "pre_schedule": _is_flag,
    "settings": _is_object,
}
