"""Let tests and the demo steer the stand-in by JSON under /control; Zoom itself has nothing like it."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from ..steering import content, create_steering
from .answers import zulu
from .directory import add_user, change_account, change_user
from .events import subscribe
from .faults import planned_answer
from .grants import revoke_grants
from .portal import convert_in_portal, delete_in_portal, move_in_portal, rename_in_portal
from .records import Meeting
from .seeding import seed
from .state import ZoomState

# Confab's agenda begins with this; the word behind it is what meetings are counted by.
MARKER = re.compile(r"Ref (\S+)")


def create_control(state: ZoomState) -> Blueprint:
    return create_steering(state, _ROUTES)


def overview(state: ZoomState, calls_after: int = 0) -> dict[str, Any]:
    """Everything a test may want to assert; secrets and tokens are left out."""
    with state.lock:
        now, meetings = state.now(), state.all_meetings()
        standing = [meeting for meeting in meetings if meeting.stands(now)]
        return {
            "now": zulu(now),
            "account": asdict(state.account),
            "users": [asdict(user) for user in state.users.values()],
            "meetings": [_meeting(state, meeting, now) for meeting in meetings],
            "markers": count_markers(standing),
            "markers_ever": count_markers(meetings),
            "grants": [asdict(grant) for grant in state.grants.values()],
            "writes": dict(state.writes),
            "switches": asdict(state.switches),
            "planned": [asdict(planned) for planned in state.planned],
            "calls": [asdict(call) for call in state.calls if call.number > calls_after],
        }


def count_markers(meetings: list[Meeting]) -> dict[str, int]:
    """How many meetings carry each marker: more than one is the failure that all the care is about."""
    found = (MARKER.match(meeting.agenda) for meeting in meetings)
    return dict(Counter(match[1] for match in found if match))


def _meeting(state: ZoomState, meeting: Meeting, now: float) -> dict[str, Any]:
    host = state.users[meeting.host_id]
    start = None if meeting.start_at is None else zulu(meeting.start_at)
    return {**asdict(meeting), "host_email": host.email, "start_time": start, "stands": meeting.stands(now)}


def _overview(state: ZoomState) -> dict[str, Any]:
    return overview(state, int(request.args.get("calls_after", "0")))


def _reset(state: ZoomState) -> dict[str, Any]:
    """Meetings, log, counts and faults go; with a `seed` everything goes and the seed comes."""
    spec = content().get("seed")
    if spec is None:
        state.forget_meetings()
        return {}
    state.forget_everything()
    app = seed(state, **spec)
    return {"client_id": app.id, "client_secret": app.secret} if app else {}


def _switches(state: ZoomState) -> dict[str, Any]:
    return asdict(state.set_switches(**content()))


def _plan(state: ZoomState) -> dict[str, Any]:
    planned = planned_answer(content())
    state.plan(planned)
    return asdict(planned)


def _unplan(state: ZoomState) -> dict[str, Any]:
    with state.lock:
        state.planned.clear()
    return {}


def _add_user(state: ZoomState) -> dict[str, Any]:
    return asdict(add_user(state, content()))


def _change_user(state: ZoomState, email: str) -> dict[str, Any]:
    user = state.user_with_email(email)
    return asdict(change_user(state, user.id if user else "", content()))


def _change_account(state: ZoomState) -> dict[str, Any]:
    return asdict(change_account(state, content()))


def _delete_meeting(state: ZoomState, meeting_id: str) -> dict[str, Any]:
    delete_in_portal(state, int(meeting_id))
    return {}


def _edit_meeting(state: ZoomState, meeting_id: str) -> dict[str, Any]:
    wanted, number = content(), int(meeting_id)
    if "topic" in wanted:
        rename_in_portal(state, number, str(wanted["topic"]))
    if "minutes_later" in wanted:
        move_in_portal(state, number, int(wanted["minutes_later"]))
    if wanted.get("webinar"):
        convert_in_portal(state, number)
    return {}


def _subscribe(state: ZoomState) -> dict[str, Any]:
    wanted = content()
    subscribe(state, str(wanted.get("url", "")), str(wanted.get("secret", "")))
    return {}


def _revoke(state: ZoomState) -> dict[str, Any]:
    return {"revoked": revoke_grants(state)}


_ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "/state", _overview),
    ("POST", "/reset", _reset),
    ("POST", "/switches", _switches),
    ("POST", "/answers", _plan),
    ("DELETE", "/answers", _unplan),
    ("POST", "/users", _add_user),
    ("PATCH", "/users/<email>", _change_user),
    ("PATCH", "/account", _change_account),
    ("DELETE", "/meetings/<meeting_id>", _delete_meeting),
    ("PATCH", "/meetings/<meeting_id>", _edit_meeting),
    ("POST", "/webhooks", _subscribe),
    ("POST", "/revoke", _revoke),
)
