"""Make and change meetings as Zoom does, with what it fills in, cuts off, ignores and overrides without a word."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .orders import KNOWN_SETTINGS, LONGEST_AGENDA, LONGEST_TOPIC, check_order, instant_of
from .passcodes import check_passcode, make_passcode
from .records import Meeting, User
from .settings import locked_settings, rule_of, settings_of
from .state import ZoomState

INSTANT, SCHEDULED = 1, 2
_TIMED = {SCHEDULED, 8, 10}
# What a meeting made by the API starts from: the portal's defaults are not inherited.
_BASE: dict[str, Any] = {
    "allow_multiple_devices": False,
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "approval_type": 2,
    "audio": "both",
    "auto_recording": "none",
    "close_registration": False,
    "device_testing": False,
    "email_notification": True,
    "encryption_type": "enhanced_encryption",
    "focus_mode": False,
    "host_video": False,
    "internal_meeting": False,
    "jbh_time": 0,
    "join_before_host": False,
    "meeting_authentication": False,
    "mute_upon_entry": False,
    "participant_video": False,
    "private_meeting": False,
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "show_share_button": False,
    "use_pmi": False,
    "waiting_room": False,
    "watermark": False,
}


def new_meeting(state: ZoomState, host: User, body: Mapping[str, Any], now: float) -> Meeting:
    """Not stored yet. Raises ZoomError 300 for a bad field or a passcode against the rule."""
    check_order(body)
    kind = body.get("type", SCHEDULED)
    zone = body.get("timezone") or host.timezone or state.account.timezone
    passcode = _new_passcode(state, host, body)
    settings = _new_settings(state, host, body, has_passcode=bool(passcode))
    return Meeting(
        id=_free_id(state),
        sequence=state.next_sequence(),
        uuid=base64.b64encode(secrets.token_bytes(16)).decode(),
        host_id=host.id,
        topic=(body.get("topic") or "Zoom Meeting")[:LONGEST_TOPIC],
        agenda=body.get("agenda", "")[:LONGEST_AGENDA],
        type=kind,
        start_at=_new_start(body, zone, now) if kind in _TIMED else None,
        duration=body.get("duration", 60),
        timezone=zone,
        passcode=passcode,
        passcode_key=_passcode_key(),
        settings=settings,
        created_at=now,
        pmi=host.pmi if settings["use_pmi"] else None,
        pre_schedule=body.get("pre_schedule", False),
    )


def changed_meeting(state: ZoomState, host: User, meeting: Meeting, body: Mapping[str, Any], now: float) -> Meeting:
    """Not stored yet. What the body does not name stays; raises as `new_meeting` does."""
    check_order(body)
    zone = body.get("timezone") or meeting.timezone
    passcode = _changed_passcode(state, host, meeting, body)
    settings = _settled(state, {**meeting.settings, **_known(body)})
    return replace(
        meeting,
        topic=body.get("topic", meeting.topic)[:LONGEST_TOPIC],
        agenda=body.get("agenda", meeting.agenda)[:LONGEST_AGENDA],
        type=body.get("type", meeting.type),
        start_at=_changed_start(meeting, body, zone, now),
        duration=body.get("duration", meeting.duration),
        timezone=zone,
        passcode=passcode,
        passcode_key=meeting.passcode_key if passcode == meeting.passcode else _passcode_key(),
        settings=settings,
        pmi=host.pmi if settings["use_pmi"] else None,
        pre_schedule=body.get("pre_schedule", meeting.pre_schedule),
    )


def _free_id(state: ZoomState) -> int:
    """Eleven digits, so that it does not fit into 32 bits."""
    while True:
        number = 80_000_000_000 + secrets.randbelow(19_999_999_999)
        if number not in state.meetings:
            return number


def _passcode_key() -> str:
    return f"{secrets.token_urlsafe(18)}.1"


def _new_start(body: Mapping[str, Any], zone: str, now: float) -> float:
    """A start that is missing or past silently becomes now."""
    wanted = instant_of(body["start_time"], zone) if "start_time" in body else now
    return max(wanted, float(int(now)))


def _changed_start(meeting: Meeting, body: Mapping[str, Any], zone: str, now: float) -> float | None:
    """A start in the past is silently ignored."""
    if "start_time" not in body:
        return meeting.start_at
    wanted = instant_of(body["start_time"], zone)
    return wanted if wanted >= now else meeting.start_at


def _new_passcode(state: ZoomState, host: User, body: Mapping[str, Any]) -> str:
    rule = rule_of(state.account, host)
    given: str = body.get("password", "")
    if given:
        check_passcode(given, rule)
        return given
    is_required = settings_of(state.account, host)["require_password"]
    is_locked = "require_password" in state.account.locks
    wants_one = body.get("default_password", True) or is_locked
    return make_passcode(rule) if is_required and wants_one else ""


def _changed_passcode(state: ZoomState, host: User, meeting: Meeting, body: Mapping[str, Any]) -> str:
    given: str = body.get("password", meeting.passcode)
    if given == meeting.passcode:
        return given
    rule = rule_of(state.account, host)
    if given:
        check_passcode(given, rule, updating=True)
        return given
    is_locked = "require_password" in state.account.locks
    return make_passcode(rule) if is_locked and settings_of(state.account, host)["require_password"] else ""


def _new_settings(state: ZoomState, host: User, body: Mapping[str, Any], *, has_passcode: bool) -> dict[str, Any]:
    held = settings_of(state.account, host)
    settings = _settled(state, {**_BASE, "use_pmi": held["use_pmi"], **_known(body)})
    is_open = not (has_passcode or settings["waiting_room"] or settings["meeting_authentication"])
    # An account that demands one security option picks the waiting room.
    return _settled(state, {**settings, "waiting_room": True}) if is_open and held["auto_security"] else settings


def _settled(state: ZoomState, settings: dict[str, Any]) -> dict[str, Any]:
    """With the account's locks, and nobody before the host when there is a waiting room."""
    locked = {name: value for name, value in locked_settings(state.account).items() if name in _BASE}
    merged = {**settings, **locked}
    return {**merged, "join_before_host": merged["join_before_host"] and not merged["waiting_room"]}


def _known(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.get("settings", {}).items() if name in KNOWN_SETTINGS}
