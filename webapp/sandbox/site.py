"""Put the parts of a stand-in together into one site."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from flask import Blueprint, Flask

from .guard import protect
from .world import World

_HERE = Path(__file__).resolve().parent
W = TypeVar("W", bound=World[Any])


def create_site(name: str, state: W, public_url: str, parts: Iterable[Callable[[W], Blueprint]]) -> Flask:
    """`public_url` is what links begin with; empty, each answer uses the address that it was asked at."""
    if public_url:
        state.public_url = public_url.rstrip("/")
    app = Flask(name, root_path=str(_HERE))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # The answers of the real services keep the order of their fields.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for create in parts:
        app.register_blueprint(create(state))
    protect(app)
    return app
