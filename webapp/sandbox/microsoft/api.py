"""Serve /v1.0: each operation under its own address, behind its token, scope and limits."""

from collections.abc import Callable

from flask import Blueprint, Response

from ..answers import send
from . import events
from .answers import GraphError
from .calls import Operation, View, perform
from .state import MicrosoftState

_PERSON = frozenset({"User.Read"})
_READ = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
_WRITE = frozenset({"Calendars.ReadWrite"})
_CALENDAR = "/me/calendars/<calendar_id>"
ROUTES: tuple[tuple[str, str, str, frozenset[str], View], ...] = (
    ("GET", "/me", "me", _PERSON, events.get_me),
    ("GET", "/me/calendar", "calendarGet", _READ, events.get_calendar),
    ("GET", "/me/calendars", "calendarsList", _READ, events.list_calendars),
    ("GET", _CALENDAR, "calendarGet", _READ, events.get_calendar),
    ("GET", "/me/events", "eventsList", _READ, events.list_events),
    ("GET", f"{_CALENDAR}/events", "eventsList", _READ, events.list_events),
    ("POST", "/me/events", "eventCreate", _WRITE, events.create_event),
    ("POST", f"{_CALENDAR}/events", "eventCreate", _WRITE, events.create_event),
    ("GET", "/me/events/<event_id>", "eventGet", _READ, events.get_event),
    ("PATCH", "/me/events/<event_id>", "eventUpdate", _WRITE, events.update_event),
    ("DELETE", "/me/events/<event_id>", "eventDelete", _WRITE, events.delete_event),
    ("GET", "/me/calendarView", "calendarView", _READ, events.view_calendar),
    ("GET", f"{_CALENDAR}/calendarView", "calendarView", _READ, events.view_calendar),
)
OPERATIONS = tuple(dict.fromkeys(name for _, _, name, _, _ in ROUTES))


def create_api(state: MicrosoftState) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix="/v1.0")
    for method, rule, name, scopes, view in ROUTES:
        endpoint = _endpoint(state, Operation(name, scopes), view)
        api.add_url_rule(rule, f"{method} {rule}".replace(".", ""), endpoint, methods=[method])
    api.add_url_rule("/<path:rest>", "unknown", _unknown(state), methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    return api


def _endpoint(state: MicrosoftState, operation: Operation, view: View) -> Callable[..., Response]:
    def answer(**path: str) -> Response:
        return send(perform(state, operation, view, path))

    return answer


def _unknown(state: MicrosoftState) -> Callable[..., Response]:
    def answer(**_path: str) -> Response:
        error = GraphError(400, "BadRequest", "Resource not found for the segment.")
        return send(error.answer(state.now()))

    return answer
