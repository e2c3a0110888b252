"""Imitate Google: consent and tokens, the Calendar API, a page where teachers keep their calendars, and faults."""

from pathlib import Path

from flask import Flask

from ..guard import protect
from .api import create_api
from .control import create_control
from .oauth import create_oauth
from .pages import create_pages
from .seeding import seed
from .state import GoogleState

__all__ = ["GoogleState", "create_google", "seed"]

_HERE = Path(__file__).resolve().parent.parent


def create_google(state: GoogleState, *, public_url: str = "") -> Flask:
    """`public_url` is what links begin with; empty, each answer uses the address that it was asked at."""
    if public_url:
        state.public_url = public_url.rstrip("/")
    app = Flask(__name__, template_folder=str(_HERE / "templates"), static_folder=str(_HERE / "static"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for create in (create_oauth, create_api, create_control, create_pages):
        app.register_blueprint(create(state))
    protect(app)
    return app
