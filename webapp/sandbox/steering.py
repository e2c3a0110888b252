"""Let tests and the demo steer a stand-in by JSON; no real service has anything like it."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify, request

W = TypeVar("W")


def create_steering(state: W, routes: Iterable[tuple[str, str, Callable[..., Any]]]) -> Blueprint:
    """Under /control; each view takes the state and what stands in the path, and gives what can be JSON."""
    control = Blueprint("control", __name__, url_prefix="/control")
    for method, rule, view in routes:
        control.add_url_rule(rule, f"{method} {rule}", _endpoint(state, view), methods=[method])
    return control


def _endpoint(state: W, view: Callable[..., Any]) -> Callable[..., tuple[Response, int]]:
    @wraps(view)
    def answer(**path: str) -> tuple[Response, int]:
        try:
            return jsonify(view(state, **path)), 200
        except (ValueError, TypeError) as error:
            return jsonify(error=str(error)), 400

    return answer


def content() -> dict[str, Any]:
    """What the request says. Raises TypeError unless it is nothing or a JSON object."""
    said = request.get_json(force=True, silent=True) if request.data else {}
    if not isinstance(said, dict):
        raise TypeError("the body must be a JSON object")
    return said
