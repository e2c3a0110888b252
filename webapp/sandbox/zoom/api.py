"""Serve /v2: each operation under its own address, behind its token, scope and rate."""

from collections.abc import Callable

from flask import Blueprint, Response

from ..answers import Answer, send
from . import meetings, users
from .answers import ZoomError
from .calls import authorised, perform
from .scopes import OPERATIONS
from .state import ZoomState

_View = Callable[..., Answer]
_ROUTES: tuple[tuple[str, str, str, _View], ...] = (
    ("GET", "/users", "users", users.list_users),
    ("GET", "/users/<user_id>", "user", users.get_user),
    ("GET", "/users/<user_id>/settings", "userSettings", users.get_user_settings),
    ("GET", "/accounts/<account_id>/settings", "accountSettings", users.get_account_settings),
    ("GET", "/users/<user_id>/meetings", "meetings", meetings.list_meetings),
    ("POST", "/users/<user_id>/meetings", "meetingCreate", meetings.create_meeting),
    ("GET", "/meetings/<meeting_id>", "meeting", meetings.get_meeting),
    ("PATCH", "/meetings/<meeting_id>", "meetingUpdate", meetings.update_meeting),
    ("DELETE", "/meetings/<meeting_id>", "meetingDelete", meetings.delete_meeting),
    ("PUT", "/meetings/<meeting_id>/status", "meetingStatus", meetings.change_status),
)


def create_api(state: ZoomState) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix="/v2")
    for method, rule, operation_id, view in _ROUTES:
        api.add_url_rule(rule, operation_id, _endpoint(state, operation_id, view), methods=[method])
    api.add_url_rule("/<path:rest>", "unknown", _unknown(state), methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    return api


def _endpoint(state: ZoomState, operation_id: str, view: _View) -> Callable[..., Response]:
    operation = OPERATIONS[operation_id]

    def answer(**path: str) -> Response:
        return send(perform(state, operation_id, lambda: authorised(state, operation, view, **path)))

    return answer


def _unknown(state: ZoomState) -> Callable[..., Response]:
    refusal = ZoomError(400, 2300, "This API endpoint is not recognized.").answer

    def answer(**_path: str) -> Response:
        return send(perform(state, "unknown", lambda: refusal))

    return answer
