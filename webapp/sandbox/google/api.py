"""Serve /calendar/v3: each method under its own address, behind its token, scope and rate."""

from collections.abc import Callable

from flask import Blueprint, Response

from ..answers import Answer, send
from .answers import not_found
from .busy import query_busy
from .calendars import list_calendars
from .calls import authorised, perform
from .events import delete_event, get_event, insert_event, list_events, patch_event, update_event
from .scopes import METHODS
from .state import GoogleState

_View = Callable[..., Answer]
_EVENTS = "/calendars/<calendar_id>/events"
_ROUTES: tuple[tuple[str, str, str, _View], ...] = (
    ("GET", "/users/me/calendarList", "calendarList.list", list_calendars),
    ("GET", _EVENTS, "events.list", list_events),
    ("POST", _EVENTS, "events.insert", insert_event),
    ("GET", f"{_EVENTS}/<event_id>", "events.get", get_event),
    ("PATCH", f"{_EVENTS}/<event_id>", "events.patch", patch_event),
    ("PUT", f"{_EVENTS}/<event_id>", "events.update", update_event),
    ("DELETE", f"{_EVENTS}/<event_id>", "events.delete", delete_event),
    ("POST", "/freeBusy", "freebusy.query", query_busy),
)


def create_api(state: GoogleState) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix="/calendar/v3")
    for http_method, rule, name, view in _ROUTES:
        endpoint = name.replace(".", "_")
        api.add_url_rule(rule, endpoint, _endpoint(state, name, view), methods=[http_method])
    api.add_url_rule("/<path:rest>", "unknown", _unknown(state), methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    return api


def _endpoint(state: GoogleState, name: str, view: _View) -> Callable[..., Response]:
    def answer(**path: str) -> Response:
        return send(perform(state, name, lambda: authorised(state, METHODS[name], view, path)))

    return answer


def _unknown(state: GoogleState) -> Callable[..., Response]:
    def answer(**_path: str) -> Response:
        return send(perform(state, "unknown", lambda: not_found().answer))

    return answer
