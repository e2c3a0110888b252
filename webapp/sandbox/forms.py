"""Serve a page for people: every form works without scripts, and leads back to the page or says there why not."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

W = TypeVar("W")
Act = Callable[..., str]
"""Does what a form says and names where to go then: a place on the page, or a path."""


def create_page(state: W, show: Callable[[W, str | None], str], actions: Mapping[str, Act]) -> Blueprint:
    """`show` writes the page, with the problem of a form if there is one; `actions` are by the rule of their path."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def home() -> tuple[str, int]:
        return show(state, None), 200

    for rule, act in actions.items():
        pages.add_url_rule(rule, act.__name__, _action(state, show, act), methods=["POST"])
    return pages


def _action(state: W, show: Callable[[W, str | None], str], act: Act) -> Callable[..., tuple[str, int] | BaseResponse]:
    def answer(**path: Any) -> tuple[str, int] | BaseResponse:
        try:
            place = act(state, **path)
        except ValueError as problem:
            return show(state, str(problem)), 422
        return redirect(place if place.startswith("/") else url_for("pages.home", _anchor=place), 303)

    return answer


def whole(text: str) -> int:
    """Raises ValueError, with a sentence."""
    if not text.strip().isdecimal():
        raise ValueError(f"“{text}” is not a whole number.")
    return int(text)


def typed_plan() -> dict[str, Any]:
    """The answer that the form plans."""
    numbers = {name: whole(request.form.get(name, "")) for name in ("status", "times")}
    return {"operation": request.form.get("operation", "*"), "kind": request.form.get("kind", "status"), **numbers}


def typed_switches(numbers: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """The switches that the form sets: numbers as they were typed, and of the choices the one that is written so."""
    form = request.form
    typed: dict[str, Any] = {name: form[name] for name in numbers if name in form}
    chosen = {name: [one for one in allowed if str(one) == form.get(name)] for name, allowed in choices.items()}
    return typed | {name: found[0] for name, found in chosen.items() if found}
