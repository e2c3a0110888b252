"""Show people what the stand-in holds and let them change it; every form works without scripts and redirects back."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from ..forms import create_page, typed_plan, whole
from .directory import add_user, change_account, change_user
from .faults import KINDS, planned_answer
from .grants import revoke_grants
from .limits import LIMIT_HEADERS, host_day
from .links import join_url
from .portal import convert_in_portal, delete_in_portal, move_in_portal, rename_in_portal
from .records import DIGITS_RULE, Meeting, User
from .scopes import OPERATIONS
from .state import ZoomState
from .users import STATUSES, TYPES
from .web import site

_NUMBERS = ("create_delay", "latency", "list_lag", "clock_offset", "refresh_grace", "daily_limit", "webhook_delay")
_NUMBER_LABELS = {
    "create_delay": "Delay on creating, seconds (0 to 60)",
    "latency": "Delay before every call, seconds (0 to 60)",
    "list_lag": "Lists are behind by, seconds",
    "clock_offset": "Clock ahead by, seconds",
    "refresh_grace": "Grace of a rotated refresh token, seconds",
    "daily_limit": "Creates and updates per host and day (0: no limit)",
    "webhook_delay": "Webhooks come late by, seconds",
}
_KIND_LABELS = {
    "status": "answer with the status",
    "drop": "do it, then drop the connection",
    "drip": "do it, then answer a byte a second",
    "empty": "do it, then answer 200 without a body",
    "malformed": "do it, then answer with half a JSON text",
    "xml": "answer 400 with XML",
    "html": "answer 502 with HTML",
}


def create_pages(state: ZoomState) -> Blueprint:
    return create_page(state, _home, _ACTIONS)


def _home(state: ZoomState, problem: str | None) -> str:
    with state.lock:
        return render_template("zoom/home.html", problem=problem, **_view(state))


def _view(state: ZoomState) -> dict[str, Any]:
    now = state.now()
    standing = [meeting for meeting in state.all_meetings() if meeting.stands(now)]
    return {
        "account": state.account,
        "is_digits_only": state.account.rule["only_allow_numeric"],
        "now": _in_zone(now, "UTC"),
        "users": [_user_row(state, user, now) for user in state.all_users()],
        "meetings": [_meeting_row(state, one) for one in sorted(standing, key=lambda one: one.start_at or 0)],
        "grants": [one for one in state.grants.values() if one.revoked_at is None],
        "apps": state.apps,
        "planned": state.planned,
        "switches": asdict(state.switches),
        "numbers": _NUMBER_LABELS,
        "dialects": LIMIT_HEADERS,
        "kinds": {kind: _KIND_LABELS.get(kind, f"answer 429, {kind}") for kind in KINDS},
        "operations": (*OPERATIONS, "oauthToken"),
        "statuses": STATUSES,
        "types": TYPES,
    }


def _user_row(state: ZoomState, user: User, now: float) -> dict[str, Any]:
    return {
        "user": user,
        "type": TYPES[user.type],
        "is_digits_only": bool(user.rule and user.rule["only_allow_numeric"]),
        "writes": state.writes.get(host_day(user.id, now), 0),
        "meetings": sum(1 for meeting in state.meetings_of(user.id) if meeting.stands(now)),
    }


def _meeting_row(state: ZoomState, meeting: Meeting) -> dict[str, Any]:
    host = state.users[meeting.host_id]
    return {
        "meeting": meeting,
        "host": host,
        "join_url": join_url(state, meeting, host, site(state)),
        "utc": None if meeting.start_at is None else _in_zone(meeting.start_at, "UTC"),
        "local": None if meeting.start_at is None else _in_zone(meeting.start_at, meeting.timezone),
    }


def _in_zone(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


def _add_user(state: ZoomState) -> str:
    names = ("email", "first_name", "last_name", "status")
    values = {name: request.form.get(name, "").strip() for name in names}
    add_user(state, {**values, "type": whole(request.form.get("type", "2"))})
    return "users"


def _set_status(state: ZoomState, user_id: str) -> str:
    change_user(state, user_id, {"status": request.form.get("status", "")})
    return "users"


def _set_user_rule(state: ZoomState, user_id: str) -> str:
    change_user(state, user_id, {"rule": DIGITS_RULE if request.form.get("digits") else None})
    return "users"


def _set_account_rule(state: ZoomState) -> str:
    change_account(state, {"rule": "digits" if request.form.get("digits") else "plain"})
    return "account"


def _delete_meeting(state: ZoomState, meeting_id: int) -> str:
    delete_in_portal(state, meeting_id)
    return "meetings"


def _edit_meeting(state: ZoomState, meeting_id: int) -> str:
    topic, later = request.form.get("topic", "").strip(), request.form.get("minutes_later", "").strip()
    if topic:
        rename_in_portal(state, meeting_id, topic)
    if later:
        move_in_portal(state, meeting_id, whole(later))
    return "meetings"


def _convert_meeting(state: ZoomState, meeting_id: int) -> str:
    convert_in_portal(state, meeting_id)
    return "meetings"


def _set_delay(state: ZoomState) -> str:
    state.set_switches(create_delay=request.form.get("create_delay", ""))
    return "delay"


def _set_switches(state: ZoomState) -> str:
    numbers = {name: request.form[name] for name in _NUMBERS if name in request.form}
    choices = {
        "enforce_rates": request.form.get("enforce_rates") == "on",
        "limit_headers": request.form.get("limit_headers", "documented"),
        "webhook_twice": request.form.get("webhook_twice") == "on",
        "webhook_forged": request.form.get("webhook_forged") == "on",
        "webhook_order": "mixed" if request.form.get("webhook_order") == "on" else "kept",
        "webhook_ids": "text" if request.form.get("webhook_ids") == "on" else "number",
    }
    state.set_switches(**numbers, **choices)
    return "faults"


def _plan(state: ZoomState) -> str:
    state.plan(planned_answer(typed_plan()))
    return "faults"


def _unplan(state: ZoomState) -> str:
    with state.lock:
        state.planned.clear()
    return "faults"


def _remove_app(state: ZoomState, grant_id: str) -> str:
    revoke_grants(state, grant_id)
    return "account"


_ACTIONS: dict[str, Callable[..., str]] = {
    "/users": _add_user,
    "/users/<user_id>/status": _set_status,
    "/users/<user_id>/rule": _set_user_rule,
    "/account/rule": _set_account_rule,
    "/meetings/<int:meeting_id>/delete": _delete_meeting,
    "/meetings/<int:meeting_id>/edit": _edit_meeting,
    "/meetings/<int:meeting_id>/convert": _convert_meeting,
    "/delay": _set_delay,
    "/switches": _set_switches,
    "/answers": _plan,
    "/answers/clear": _unplan,
    "/grants/<grant_id>/remove": _remove_app,
}
