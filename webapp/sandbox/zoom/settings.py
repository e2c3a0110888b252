"""Say which settings hold for a user: the account's defaults, the user's own, and what the account has locked."""

from typing import Any

from .answers import ZoomError
from .records import Account, User

DEFAULTS: dict[str, Any] = {
    "auto_recording": "none",
    "auto_security": True,
    "embed_password_in_join_link": True,
    "host_video": False,
    "join_before_host": False,
    "meeting_authentication": False,
    "mute_upon_entry": False,
    "participant_video": False,
    "require_password": True,
    "use_pmi": False,
    "waiting_room": False,
}
PASSCODE_LOCK = "passcode_rule"


def settings_of(account: Account, user: User) -> dict[str, Any]:
    own = {**DEFAULTS, **account.settings, **user.settings}
    return {**own, **locked_settings(account)}


def locked_settings(account: Account) -> dict[str, Any]:
    general = {**DEFAULTS, **account.settings}
    return {name: general[name] for name in account.locks if name in general}


def rule_of(account: Account, user: User) -> dict[str, Any]:
    if user.rule is None or PASSCODE_LOCK in account.locks:
        return account.rule
    return user.rule


def user_settings_body(account: Account, user: User, option: str | None) -> dict[str, Any]:
    held, rule = settings_of(account, user), rule_of(account, user)
    if option is not None:
        return _optional(held, rule, option)
    scheduling = {
        **_scheduling(held, rule),
        "embed_password_in_join_link": held["embed_password_in_join_link"],
        "participants_video": held["participant_video"],
    }
    in_meeting = {"chat": True, "co_host": True, "waiting_room": held["waiting_room"]}
    return {"schedule_meeting": scheduling, "in_meeting": in_meeting, "recording": _recording(held)}


def account_settings_body(account: Account, option: str | None) -> dict[str, Any]:
    """Its words differ from the user's here and there, as Zoom's do."""
    held, rule = {**DEFAULTS, **account.settings}, account.rule
    if option is not None:
        return _optional(held, rule, option)
    scheduling = {**_scheduling(held, rule), "participant_video": held["participant_video"]}
    in_meeting = {"chat": True, "co_host": True}
    return {"schedule_meeting": scheduling, "in_meeting": in_meeting, "recording": _recording(held)}


def _optional(held: dict[str, Any], rule: dict[str, Any], option: str) -> dict[str, Any]:
    if option == "meeting_security":
        return {"meeting_security": _security(held, rule)}
    if option == "meeting_authentication":
        wanted = held["meeting_authentication"]
        return {"allow_authentication_exception": False, "authentication_options": [], "meeting_authentication": wanted}
    if option == "recording_authentication":
        return {"authentication_options": [], "recording_authentication": False}
    raise ZoomError(400, 300, "Invalid parameter: `option`.")


def _scheduling(held: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "audio_type": "voip",
        "host_video": held["host_video"],
        "join_before_host": held["join_before_host"],
        "meeting_password_requirement": dict(rule),
        "personal_meeting": True,
        "require_password_for_instant_meetings": held["require_password"],
        "require_password_for_pmi_meetings": "all" if held["require_password"] else "none",
        "require_password_for_scheduled_meetings": held["require_password"],
        "require_password_for_scheduling_new_meetings": held["require_password"],
        "use_pmi_for_instant_meetings": False,
        "use_pmi_for_scheduled_meetings": held["use_pmi"],
    }


def _recording(held: dict[str, Any]) -> dict[str, Any]:
    return {"auto_recording": held["auto_recording"]}


def _security(held: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "auto_security": held["auto_security"],
        "block_user_domain": False,
        "embed_password_in_join_link": held["embed_password_in_join_link"],
        "encryption_type": "enhanced_encryption",
        "end_to_end_encrypted_meetings": False,
        "meeting_password": held["require_password"],
        "meeting_password_requirement": dict(rule),
        "phone_password": True,
        "pmi_password": held["require_password"],
        "require_password_for_scheduled_meeting": held["require_password"],
        "waiting_room": held["waiting_room"],
    }
