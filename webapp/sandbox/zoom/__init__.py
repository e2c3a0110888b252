"""Imitate Zoom: consent and tokens, the REST API, a page for people, and switches for faults."""

from flask import Flask

from ..site import create_site
from .api import create_api
from .control import create_control
from .oauth import create_oauth
from .pages import create_pages
from .rooms import create_rooms
from .seeding import seed
from .state import ZoomState

__all__ = ["ZoomState", "create_zoom", "seed"]


def create_zoom(state: ZoomState, *, public_url: str = "") -> Flask:
    parts = (create_oauth, create_api, create_control, create_pages, create_rooms)
    return create_site(__name__, state, public_url, parts)
