"""Imitate Microsoft's sign-in and Graph's calendar: consent and tokens, the REST API, the teacher's own calendar."""

from pathlib import Path

from flask import Flask

from ..guard import protect
from ..steering import create_steering
from .api import create_api
from .control import ROUTES
from .oauth import create_oauth
from .pages import create_pages
from .seeding import seed
from .state import MicrosoftState

__all__ = ["MicrosoftState", "create_microsoft", "seed"]

_HERE = Path(__file__).resolve().parent.parent


def create_microsoft(state: MicrosoftState, *, public_url: str = "") -> Flask:
    """`public_url` is what links begin with; empty, each answer uses the address that it was asked at."""
    if public_url:
        state.public_url = public_url.rstrip("/")
    app = Flask(__name__, template_folder=str(_HERE / "templates"), static_folder=str(_HERE / "static"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # Graph's answers keep the order of their fields.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for blueprint in (create_oauth(state), create_api(state), create_steering(state, ROUTES), create_pages(state)):
        app.register_blueprint(blueprint)
    protect(app)
    return app
